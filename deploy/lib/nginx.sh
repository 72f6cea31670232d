# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Renders nginx's configuration from deploy/nginx/, checks it, and puts it in place in one step. nginx runs under
# the supervisor with everything of its own inside the state.

readonly NGINX_FOLDER="$STATE/nginx"

has_ipv6_loopback() {
	grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null
}

# Prints the listen lines of a server block; $1 is empty or " default_server".
listen_lines() {
	local addresses=(127.0.0.1) address
	! has_ipv6_loopback || addresses+=('[::1]')
	for address in "${addresses[@]}"; do
		printf '\t\tlisten %s:%s%s;\n' "$address" "${SETTING[GROVE_HTTP_PORT]}" "$1"
		printf '\t\tlisten %s:%s ssl http2%s;\n' "$address" "${SETTING[GROVE_HTTPS_PORT]}" "$1"
	done
}

public_host() {
	local host=${SETTING[GROVE_PUBLIC_ORIGIN]#*://}
	[[ $host == \[* ]] && host=${host%%]*}] || host=${host%%:*}
	printf '%s' "${host,,}"
}

server_names() {
	local host
	host=$(public_host)
	printf 'localhost 127.0.0.1 [::1]'
	case $host in
	localhost | 127.0.0.1 | '[::1]') ;;
	*) printf ' %s' "$host" ;;
	esac
}

# Pages of the app: open, or asked for first. A redirect to the sign-in page only where there is one.
# shellcheck disable=SC2016 # the dollar signs are nginx variables
page_rules() {
	if [[ ${SETTING[AUTH_REQUIRED]} == true ]]; then
		printf '\tauth_request /-/verdict;\n\tauth_request_set $verdict $upstream_status;\n'
		printf '\terror_page 500 =503 /-/page/503;\n\terror_page 401 /-/page/401;\n\terror_page 403 /-/page/403;\n'
		printf '\terror_page 502 503 504 =503 /-/page/503;\n'
		printf '\ttry_files $page_for_verdict =503;\n'
	else
		printf '\ttry_files /app.html =404;\n'
	fi
}

# auth_request lets any 2xx pass. Only 204 is a yes: anything else names a file that is not there.
# shellcheck disable=SC2016
verdict_map() {
	[[ ${SETTING[AUTH_REQUIRED]} == true ]] || return 0
	printf 'map $verdict $page_for_verdict {\n\tdefault  /-/refused;\n\t204      /app.html;\n}\n'
}

sign_in_rule() {
	if [[ ${SETTING[AUTH_PASSWORD_SIGN_IN]} == true ]]; then
		printf 'return 303 /sign-in;'
	else
		printf 'try_files /errors/401.html =401;'
	fi
}

# Only with trusted headers on may an identity of Cloudflare Access pass, every copy of it, so that two are seen as two.
identity_headers() {
	[[ ${SETTING[AUTH_TRUST_IDENTITY_HEADERS]} == true ]] && return
	printf 'proxy_set_header Cf-Access-Authenticated-User-Email "";\nproxy_set_header Cf-Access-Jwt-Assertion "";\n'
}

api_errors() {
	local status type code sentence
	while read -r status type code sentence; do
		[[ $status =~ ^[0-9]+$ ]] || continue
		printf 'location = /-/api/%s {\n\tinternal;\n\tdefault_type application/json;\n' "$status"
		printf "\treturn %s '{\"error\":{\"type\":\"%s\",\"code\":\"%s\",\"message\":\"%s\"}}';\n}\n" \
			"$status" "$type" "$code" "${sentence//\'/\\\'}"
	done <"$ROOT/deploy/nginx/api-errors.txt"
	# Not in the house's list: a body that did not arrive in time.
	printf 'location = /-/api/408 {\n\tinternal;\n\tdefault_type application/json;\n'
	printf "\treturn 408 '{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"invalid_request\",\"message\":\"%s\"}}';\n}\n" \
		'The request did not arrive in time. Send it again.'
}

# Refusals that no page is made for: one line of text.
plain_errors() {
	local status text
	while read -r status text; do
		printf 'location = /-/page/%s {\n\tinternal;\n\tdefault_type text/plain;\n\treturn %s "%s\\n";\n}\n' \
			"$status" "$status" "$text"
	done <<-'TEXT'
		400 The request could not be understood.
		405 This address does not take that method.
		408 The request did not arrive in time.
		411 The request does not say how long its body is.
		413 The request is larger than allowed here.
		414 The address is longer than allowed.
		415 The body's type is not accepted here.
		421 This server does not answer for that host name. Use the address it was set up with.
		429 Too many requests in a short time. Try again in a moment.
		431 The request's headers are larger than allowed. Clear this site's cookies and try again.
	TEXT
}

# The local owner has no request rate limit; where people sign in, strangers have one.
api_limits() {
	[[ ${SETTING[AUTH_REQUIRED]} == true ]] || return 0
	printf '\tlimit_req zone=api burst=40 nodelay;\n\tlimit_req zone=sign_in burst=5 nodelay;\n'
	printf '\tlimit_req zone=key_save burst=10 nodelay;\n'
}

real_ip() {
	local address
	[[ -n ${SETTING[GROVE_EDGE_ADDRESSES]:-} ]] || return 0
	for address in ${SETTING[GROVE_EDGE_ADDRESSES]//,/ }; do
		printf 'set_real_ip_from %s;\n' "$address"
	done
	printf 'real_ip_header CF-Connecting-IP;\n'
}

# Sets CERTIFICATE and CERTIFICATE_KEY. Our own certificate is renewed a month before it ends, or when the host changed.
prepare_certificate() {
	CERTIFICATE=$STATE/tls/self-signed.crt
	CERTIFICATE_KEY=$STATE/tls/self-signed.key
	if [[ -n ${SETTING[GROVE_TLS_CERTIFICATE_PEM]:-} ]]; then
		CERTIFICATE=$STATE/tls/given.crt
		CERTIFICATE_KEY=$STATE/tls/given.key
		write_private "$CERTIFICATE" "${SETTING[GROVE_TLS_CERTIFICATE_PEM]}"$'\n'
		write_private "$CERTIFICATE_KEY" "${SETTING[GROVE_TLS_KEY_PEM]}"$'\n'
		[[ $(openssl x509 -in "$CERTIFICATE" -noout -pubkey 2>/dev/null) == "$(openssl pkey -in "$CERTIFICATE_KEY" -pubout 2>/dev/null)" ]] ||
			error 'GROVE_TLS_KEY: the key is not the one of GROVE_TLS_CERTIFICATE, or one of them is not PEM'
		return
	fi
	local host names='DNS:localhost,IP:127.0.0.1,IP:::1'
	host=$(public_host)
	case $host in
	localhost | 127.0.0.1 | '[::1]') ;;
	\[*) names+=",IP:${host:1:-1}" ;;
	*[!0-9.]*) names+=",DNS:$host" ;;
	*) names+=",IP:$host" ;;
	esac
	if [[ $names == "$(cat -- "$STATE/tls/names" 2>/dev/null)" ]] &&
		openssl x509 -in "$CERTIFICATE" -noout -checkend 2592000 >/dev/null 2>&1; then
		return
	fi
	(
		umask 077
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 820 \
			-subj '/CN=Grove (self-signed)' -addext "subjectAltName=$names" \
			-addext 'basicConstraints=critical,CA:FALSE' -addext 'extendedKeyUsage=serverAuth' \
			-keyout "$CERTIFICATE_KEY" -out "$CERTIFICATE" 2>/dev/null
	) || die 'making the certificate failed'
	write_private "$STATE/tls/names" "$names"
}

# render FILE TARGET: replaces each @NAME@ by what FILL has for it.
render() {
	local text name
	text=$(<"$1")
	for name in "${!FILL[@]}"; do
		text=${text//"@$name@"/"${FILL[$name]}"}
	done
	write_private "$2" "$text"$'\n'
}

# Renders everything into conf.new and lets nginx judge it.
prepare_nginx() {
	local file name output
	declare -gA FILL=(
		[STATE]=$STATE
		[WEB]=$WEB
		[CERTIFICATE]=$CERTIFICATE
		[CERTIFICATE_KEY]=$CERTIFICATE_KEY
		[GATEWAY_PORT]=${PORT[gateway]}
		[GATEWAY_OPS_PORT]=${OPS_PORT[gateway]}
		[AUTH_VERIFIER_PORT]=${PORT[auth-verifier]}
		[LISTEN]=$(listen_lines '')
		[LISTEN_DEFAULT]=$(listen_lines ' default_server')
		[SERVER_NAMES]=$(server_names)
		[PAGE_RULES]=$(page_rules)
		[VERDICT_MAP]=$(verdict_map)
		[SIGN_IN_RULE]=$(sign_in_rule)
		[IDENTITY_HEADERS]=$(identity_headers)
		[EDGE_SECRET]=$(<"$STATE/secrets/edge")
		[API_ERRORS]=$(api_errors)
		[PLAIN_ERRORS]=$(plain_errors)
		[API_LIMITS]=$(api_limits)
		[REAL_IP]=$(real_ip)
	)
	rm -rf -- "$NGINX_FOLDER/conf.new"
	mkdir -m 0700 -- "$NGINX_FOLDER/conf.new"
	[[ -d $NGINX_FOLDER/no-files ]] || mkdir -m 0500 -- "$NGINX_FOLDER/no-files"
	for file in "$ROOT"/deploy/nginx/*.conf "$ROOT"/deploy/nginx/*.template; do
		name=${file##*/}
		render "$file" "$NGINX_FOLDER/conf.new/${name%.template}"
	done
	output=$(run_nginx -t -c "$NGINX_FOLDER/conf.new/nginx.conf" 2>&1) || die "nginx refuses its configuration: $output"
}

run_nginx() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC nginx -e stderr -p "$NGINX_FOLDER" "$@"
}

# Takes what prepare_nginx made; a running nginx takes it over without dropping a request.
install_nginx_configuration() {
	if diff -rq "$NGINX_FOLDER/conf.new" "$NGINX_FOLDER/conf" >/dev/null 2>&1; then
		rm -rf -- "$NGINX_FOLDER/conf.new"
		return
	fi
	rm -rf -- "$NGINX_FOLDER/conf.old"
	[[ ! -d $NGINX_FOLDER/conf ]] || mv -- "$NGINX_FOLDER/conf" "$NGINX_FOLDER/conf.old"
	mv -- "$NGINX_FOLDER/conf.new" "$NGINX_FOLDER/conf"
	service_runs nginx || return 0
	say 'nginx takes over a changed configuration'
	sv hup "$SERVICE_FOLDER/nginx" >/dev/null || die 'nginx could not be told to reload'
}
