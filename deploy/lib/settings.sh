# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Settings come from the environment and from grove.env; the environment wins. Which names exist is told by
# grove.env.template (what an operator may set) and by each daemon's --config-names (what it reads). All that is
# wrong is collected in ERRORS, so that a person sees every mistake at once, each with its variable.

ERRORS=()
declare -A KNOWN=()		# names an operator may set, in the environment or in grove.env
declare -A SETTING=()		# what is in force
declare -A SOURCE=()		# where it came from, for messages
declare -A NAMES_OF=()		# daemon → its names, separated by blanks

# Set by deploy/up itself for each daemon; an operator's value would break the house.
readonly COMPUTED=' GROVE_LISTEN GROVE_OPS_LISTEN GROVE_PEER_KEYS_FILE GROVE_DATABASE GROVE_DATABASE_PASSWORD
	GROVE_EDGE_SECRET GROVE_CSRF_SECRET GROVE_AUTH_VERIFIER GROVE_KEYVAULT GROVE_CHAT_PROXY GROVE_ACCOUNT_STORE
	GROVE_VM_CONTROLLER GROVE_GATEWAY GROVE_STATE '

error() {
	ERRORS+=("$1")
}

is_secret() {
	[[ $1 == *_SECRET || $1 == *_SECRET_PREVIOUS || $1 == *_PASSWORD ]]
}

is_computed() {
	[[ $COMPUTED == *[[:space:]]"$1"[[:space:]]* ]]
}

know() {
	local name=$1
	[[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] && ! is_computed "${name%_FILE}" && ! is_computed "$name" || return 0
	KNOWN[$name]=1
	if is_secret "$name"; then
		KNOWN[${name}_FILE]=1
	fi
}

learn_names() {
	local name daemon
	while IFS= read -r name; do
		know "$name"
	done < <(sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$ROOT/deploy/grove.env.template")
	for daemon in "${DAEMONS[@]}"; do
		NAMES_OF[$daemon]=" $(env -i "$BIN/$daemon" --config-names | tr '\n' ' ') " ||
			die "$BIN/$daemon --config-names failed"
		for name in ${NAMES_OF[$daemon]}; do
			know "$name"
		done
	done
}

daemon_reads() {
	[[ ${NAMES_OF[$1]} == *" $2 "* ]]
}

create_settings_file() {
	local file=$STATE/grove.env
	if [[ ! -e $file ]]; then
		local text
		text=$(<"$ROOT/deploy/grove.env.template")
		sh_quote "$file"
		write_private "$file" "${text//@GROVE_ENV@/"$QUOTED"}"$'\n'
		say "wrote $file with all settings explained"
	fi
	# An editor may have replaced it.
	if ((EUID == 0)); then
		chown "root:$SERVICE_GROUP" -- "$file"
		chmod 0640 -- "$file"
	else
		chmod 0600 -- "$file"
	fi
}

# Reads grove.env into SETTING.
read_settings_file() {
	local file=$STATE/grove.env line number=0 name value place
	while IFS= read -r line || [[ -n $line ]]; do
		number=$((number + 1))
		line=${line%$'\r'}
		place="grove.env line $number"
		[[ ! $line =~ ^[[:space:]]*(#|$) ]] || continue
		if [[ ! $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
			error "$place: not of the form NAME=value"
			continue
		fi
		name=${BASH_REMATCH[1]}
		value=${BASH_REMATCH[2]}
		value=${value%"${value##*[![:space:]]}"}
		if [[ ${#value} -ge 2 && ($value == \"*\" || $value == \'*\') ]]; then
			value=${value:1:-1}
		elif [[ $value == [\"\']* || $value == *[\"\'] ]]; then
			error "$place: $name: a quote is not closed"
			continue
		fi
		if [[ $value == *[[:cntrl:]]* ]]; then
			error "$place: $name: the value has a control character"
		elif is_computed "$name" || is_computed "${name%_FILE}"; then
			error "$place: $name is set by deploy/up itself and cannot be chosen"
		elif [[ -z ${KNOWN[$name]:-} ]]; then
			error "$place: $name is not a setting$(similar_name "$name")"
		elif [[ -n ${SOURCE[$name]:-} ]]; then
			error "$place: $name is set twice, first in ${SOURCE[$name]}"
		else
			SETTING[$name]=$value
			SOURCE[$name]=$place
		fi
	done <"$file"
}

# " (did you mean X?)" for a name that has the same letters in another order or case, or lacks one.
similar_name() {
	local known best=
	local wanted=${1^^}
	for known in "${!KNOWN[@]}"; do
		if [[ $known == "$wanted" || $known == "$wanted"?? || $known == "$wanted"? || $wanted == "$known"? ||
			$(sorted_letters "$known") == $(sorted_letters "$wanted") ]]; then
			best=$known
		fi
	done
	[[ -z $best ]] || printf '; did you mean %s?' "$best"
}

sorted_letters() {
	fold -w 1 <<<"$1" | sort | tr -d '\n'
}

read_environment() {
	local name other
	for name in "${!KNOWN[@]}"; do
		[[ -v $name ]] || continue
		if [[ ${!name} == *[[:cntrl:]]* ]]; then
			error "$name: the value in the environment has a control character"
			continue
		fi
		# NAME in the environment also overrules NAME_FILE in the file, and the other way round.
		if is_secret "${name%_FILE}"; then
			other=${name%_FILE}
			[[ $name == *_FILE ]] || other=${name}_FILE
			[[ -v $other ]] || unset "SETTING[$other]" "SOURCE[$other]"
		fi
		SETTING[$name]=${!name}
		SOURCE[$name]='the environment'
	done
}

# Replaces each NAME_FILE of a secret by its content, read with the rights of whoever runs deploy/up.
read_secret_files() {
	local file_name name path
	for file_name in "${!SETTING[@]}"; do
		name=${file_name%_FILE}
		if [[ $file_name != *_FILE ]] || ! is_secret "$name"; then
			continue
		fi
		path=${SETTING[$file_name]}
		if [[ -v SETTING[$name] ]]; then
			error "$name and $file_name are both set; give one of them"
		elif [[ ! -f $path || ! -r $path ]]; then
			error "$file_name: the file '$path' cannot be read"
		elif (($(stat -L -c %s -- "$path") > 4096)); then
			error "$file_name: the file '$path' is longer than 4096 bytes"
		else
			SETTING[$name]=$(tr -d '\0' <"$path")
			SOURCE[$name]=$file_name
		fi
		unset "SETTING[$file_name]"
	done
}

check_port() {
	local name=$1 port=${SETTING[$1]}
	if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
		error "$name: '$port' is not a port; give a number from 1 to 65535"
		return
	fi
	SETTING[$name]=$((10#$port))
	if ((10#$port < 1024)) && [[ $SERVICE_USER != root ]] &&
		((10#$port < $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024))); then
		error "$name: port $port is reserved for root, and nothing of Grove runs as root; give 1024 or more"
	fi
}

# The settings that deploy/up itself uses; all others are judged by the daemons.
settle_own_settings() {
	local http=${SETTING[GROVE_HTTP_PORT]=8080} https=${SETTING[GROVE_HTTPS_PORT]=8443}
	check_port GROVE_HTTP_PORT
	check_port GROVE_HTTPS_PORT
	[[ $http != "$https" ]] || error "GROVE_HTTPS_PORT: $https is the same as GROVE_HTTP_PORT; give another port"

	local origin=${SETTING[GROVE_PUBLIC_ORIGIN]="http://localhost:${SETTING[GROVE_HTTP_PORT]}"}
	[[ $origin =~ ^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$ ]] ||
		error "GROVE_PUBLIC_ORIGIN: '$origin' is not an origin; give scheme, host and port like https://chat.example.com"

	[[ ${SETTING[GROVE_READY_SECONDS]=60} =~ ^[1-9][0-9]{0,4}$ ]] ||
		error "GROVE_READY_SECONDS: '${SETTING[GROVE_READY_SECONDS]}' is not a number of seconds"

	local name
	for name in AUTH_REQUIRED AUTH_TRUST_IDENTITY_HEADERS AUTH_PASSWORD_SIGN_IN; do
		case ${SETTING[$name]=false} in
		[Tt][Rr][Uu][Ee] | 1 | [Yy][Ee][Ss] | [Oo][Nn]) SETTING[$name]=true ;;
		[Ff][Aa][Ll][Ss][Ee] | 0 | [Nn][Oo] | [Oo][Ff][Ff]) SETTING[$name]=false ;;
		*) error "$name: '${SETTING[$name]}' is neither true nor false" ;;
		esac
	done

	local certificate=${SETTING[GROVE_TLS_CERTIFICATE]:-} key=${SETTING[GROVE_TLS_KEY]:-}
	if [[ -n $certificate && -z $key ]]; then
		error 'GROVE_TLS_KEY: missing; GROVE_TLS_CERTIFICATE needs it'
	elif [[ -z $certificate && -n $key ]]; then
		error 'GROVE_TLS_CERTIFICATE: missing; GROVE_TLS_KEY needs it'
	fi
	for name in GROVE_TLS_CERTIFICATE GROVE_TLS_KEY; do
		[[ -n ${SETTING[$name]:-} ]] || continue
		if [[ -f ${SETTING[$name]} && -r ${SETTING[$name]} ]]; then
			SETTING[${name}_PEM]=$(tr -d '\0' <"${SETTING[$name]}")
		else
			error "$name: the file '${SETTING[$name]}' cannot be read"
		fi
	done

	local address
	for address in ${SETTING[GROVE_EDGE_ADDRESSES]:+${SETTING[GROVE_EDGE_ADDRESSES]//,/ }}; do
		[[ $address =~ ^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$ ]] ||
			error "GROVE_EDGE_ADDRESSES: '$address' is not an address or network"
	done
}

# A misspelt name in the environment would be silently without effect.
warn_of_unknown_names() {
	local name
	for name in $(compgen -e GROVE_); do
		[[ -n ${KNOWN[$name]:-} ]] || is_computed "$name" || is_computed "${name%_FILE}" ||
			say "note: $name in the environment is not a setting and has no effect"
	done
}

load_settings() {
	learn_names
	create_settings_file
	read_settings_file
	read_environment
	read_secret_files
	settle_own_settings
	warn_of_unknown_names
}

report_errors() {
	((${#ERRORS[@]})) || return 0
	printf 'grove: the settings are wrong; nothing was started or changed\n' >&2
	printf '%s\n' "${ERRORS[@]}" | sort -u | sed 's/^/  /' >&2
	exit "$EXIT_SETTINGS"
}

# Hands everything to the part that runs as the service user, through a pipe: no argument list and no
# environment ever holds a secret that was read from a file.
send_settings() {
	local name
	for name in "${!SETTING[@]}"; do
		printf 'setting %s=%s\0' "$name" "${SETTING[$name]}"
	done
	for name in "${!NAMES_OF[@]}"; do
		printf 'names %s=%s\0' "$name" "${NAMES_OF[$name]}"
	done
	for name in ${ERRORS[@]+"${!ERRORS[@]}"}; do
		printf 'error %s=%s\0' "$name" "${ERRORS[$name]}"
	done
}

receive_settings() {
	local record kind name value
	while IFS= read -r -d '' record; do
		kind=${record%% *}
		record=${record#* }
		name=${record%%=*}
		value=${record#*=}
		case $kind in
		setting) SETTING[$name]=$value ;;
		names) NAMES_OF[$name]=$value ;;
		error) ERRORS+=("$value") ;;
		esac
	done
}
