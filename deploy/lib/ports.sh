# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Which port is whose. nginx's ports are the operator's choice and must be free; the daemons' are taken from
# their usual place or, when something else is there, from wherever there is room. <state>/run/ports remembers them:
# a line "service port ops-port" each (for nginx: http, https).

: "${STATE:?}"
declare -A PORT=() OPS_PORT=()		# service → port
declare -A LISTENING=()			# port → inode of the socket, as the kernel lists it

readonly -A USUAL_PORT=([gateway]=7400 [auth-verifier]=7401 [keyvault]=7402 [chat-proxy]=7403
	[account-store]=7404 [vm-controller]=7405)

# All listening TCP sockets of this network namespace; /proc is there on every machine, ss is not.
read_listening() {
	local table local_address state inode rest
	LISTENING=()
	for table in /proc/net/tcp /proc/net/tcp6; do
		[[ -r $table ]] || continue
		while read -r _ local_address _ state _ _ _ _ _ inode rest; do
			[[ $state != 0A ]] || LISTENING[$((16#${local_address##*:}))]=$inode
		done <"$table"
	done
	: "${rest:-}"
}

port_is_taken() {
	[[ -n ${LISTENING[$1]:-} ]]
}

# "program (pid N)" of whoever listens on a port, if this user may see it.
port_holder() {
	local link pid
	read_listening
	link=$(find /proc/[0-9]*/fd -lname "socket:\[${LISTENING[$1]:-none}\]" -print -quit 2>/dev/null) || true
	[[ $link == /proc/* ]] || return 0
	pid=${link#/proc/}
	pid=${pid%%/*}
	printf '%s (pid %s)' "$(cat "/proc/$pid/comm" 2>/dev/null)" "$pid"
}

remember_ports() {
	local service text=
	for service in "${DAEMONS[@]}" nginx; do
		text+="$service ${PORT[$service]} ${OPS_PORT[$service]}"$'\n'
	done
	write_private "$STATE/run/ports" "$text"
}

recall_ports() {
	local service port ops
	[[ -r $STATE/run/ports ]] || return 0
	while read -r service port ops; do
		PORT[$service]=$port
		OPS_PORT[$service]=$ops
	done <"$STATE/run/ports"
}

# A daemon that runs keeps its ports; one that does not is given others when its own are taken.
choose_daemon_ports() {
	local daemon usual
	for daemon in "${DAEMONS[@]}"; do
		service_runs "$daemon" && [[ -n ${PORT[$daemon]:-} ]] && continue
		usual=${USUAL_PORT[$daemon]}
		: "${PORT[$daemon]:=$usual}" "${OPS_PORT[$daemon]:=$((usual + 100))}"
		port_is_taken "${PORT[$daemon]}" && PORT[$daemon]=$(any_free_port)
		port_is_taken "${OPS_PORT[$daemon]}" && OPS_PORT[$daemon]=$(any_free_port)
		LISTENING[${PORT[$daemon]}]=ours
		LISTENING[${OPS_PORT[$daemon]}]=ours
	done
}

# Below the range from which the kernel takes ports for outgoing connections.
any_free_port() {
	local port tries
	for ((tries = 0; tries < 1000; tries++)); do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		port_is_taken $port || break
	done
	echo $port
}

# Exits, naming port and holder, when a port of nginx belongs to something else.
check_nginx_ports() {
	local name port holder taken=no
	for name in GROVE_HTTP_PORT GROVE_HTTPS_PORT; do
		port=${SETTING[$name]}
		port_is_taken "$port" || continue
		if service_runs nginx && [[ $port == "${PORT[nginx]:-}" || $port == "${OPS_PORT[nginx]:-}" ]]; then
			continue
		fi
		holder=$(port_holder "$port")
		complain "port $port is taken${holder:+ by $holder}; free it or choose another with $name"
		taken=yes
	done
	[[ $taken == no ]] || exit "$EXIT_PORT_TAKEN"
	PORT[nginx]=${SETTING[GROVE_HTTP_PORT]}
	OPS_PORT[nginx]=${SETTING[GROVE_HTTPS_PORT]}
}
