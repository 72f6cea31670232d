# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The supervisor: runit's runsvdir over <state>/run/services, one folder per service. Its run scripts are made
# here. Each process works in the state's directory and has an environment of its own settings only.
#
# A folder holds a `down` file while its service is not wanted yet, so that up can start things in order; once
# started the file goes away, and the service comes back by itself whatever happens to it or its runsv.

readonly SERVICE_FOLDER="$STATE/run/services"

# True while runsv says that the service's own process lives.
service_runs() {
	local pid
	pid=$(service_pid "$1") && [[ -n $pid ]]
}

# The pid that runsv wrote, if that process is still there.
service_pid() {
	local pid
	{ read -r pid <"$SERVICE_FOLDER/$1/supervise/pid"; } 2>/dev/null || return 1
	[[ $pid =~ ^[0-9]+$ && -d /proc/$pid && $(process_folder "$pid") == "$STATE"* ]] || return 1
	printf '%s' "$pid"
}

# Where a process works; empty when this user may not know.
process_folder() {
	readlink "/proc/$1/cwd" 2>/dev/null || printf '%s' "$STATE"
}

# write_service NAME SCRIPT: the folder of a service, with its run script, its log script and what else runit wants.
write_service() {
	local name=$1 script=$2 folder=$SERVICE_FOLDER/$1
	[[ -d $folder/log && -d $STATE/log/$name ]] || mkdir -p -- "$folder/log" "$STATE/log/$name"
	if ! runsv_lives "$name"; then
		: >"$folder/down"
	fi
	sh_quote "$STATE"
	write_script "$folder/run" "exec 2>&1
umask 077
ulimit -c 0
cd $QUOTED || exit 111
$script"
	sh_quote "$STATE/log/$name"
	write_script "$folder/log/run" "exec env -i svlogd $QUOTED"
	# Five old files of a megabyte each, and the current one.
	write_private "$STATE/log/$name/config" $'s1000000\nn5\n'
}

write_script() {
	write_private "$1" "#!/bin/sh
$2
"
	[[ -x $1 ]] || chmod 0700 -- "$1"
}

write_postgres_service() {
	sh_quote "$PG_DATA"
	write_service postgres "exec env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC $PG_BIN/postgres -D $QUOTED"
	# SIGTERM would make PostgreSQL wait until every daemon has gone; SIGINT is its fast, clean stop.
	mkdir -p -- "$SERVICE_FOLDER/postgres/control"
	# shellcheck disable=SC2016 # for the script, not for us
	write_script "$SERVICE_FOLDER/postgres/control/t" 'read -r pid <supervise/pid && exec kill -INT "$pid"'
}

write_nginx_service() {
	local folder
	sh_quote "$STATE/nginx"
	folder=$QUOTED
	mkdir -p -- "$SERVICE_FOLDER/nginx"
	# When the master is killed its workers live on and keep the ports: nothing could be started in its place.
	sh_quote "$STATE"
	write_script "$SERVICE_FOLDER/nginx/finish" "for pid in \$(pgrep -x nginx); do
	[ \"\$(readlink \"/proc/\$pid/cwd\")\" != $QUOTED ] || kill -KILL \"\$pid\"
done"
	sh_quote "$STATE/nginx/conf/nginx.conf"
	write_service nginx "exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC nginx -e stderr -p $folder -c $QUOTED"
}

# Sets ENVIRONMENT to NAME=value for each setting a daemon reads: those computed here and those the operator gave.
daemon_environment() {
	local daemon=$1 name
	declare -A own=(
		[GROVE_LISTEN]=127.0.0.1:${PORT[$daemon]}
		[GROVE_OPS_LISTEN]=127.0.0.1:${OPS_PORT[$daemon]}
		[GROVE_PEER_KEYS_FILE]=$STATE/secrets/peers-$daemon
		[GROVE_EDGE_SECRET_FILE]=$STATE/secrets/edge
		[GROVE_CSRF_SECRET_FILE]=$STATE/secrets/csrf
		[GROVE_GATEWAY]=127.0.0.1:${PORT[gateway]}
		[GROVE_AUTH_VERIFIER]=127.0.0.1:${PORT[auth-verifier]}
		[GROVE_KEYVAULT]=127.0.0.1:${PORT[keyvault]}
		[GROVE_CHAT_PROXY]=127.0.0.1:${PORT[chat-proxy]}
		[GROVE_ACCOUNT_STORE]=127.0.0.1:${PORT[account-store]}
		[GROVE_VM_CONTROLLER]=127.0.0.1:${PORT[vm-controller]}
	)
	local role=${DATABASE_ROLE[$daemon]:-}
	if [[ -n $role ]]; then
		conninfo_quote "$PG_SOCKET_FOLDER"
		own[GROVE_DATABASE]="host=$QUOTED dbname=grove user=grove_$role"
		own[GROVE_DATABASE_PASSWORD_FILE]=$STATE/secrets/postgres_$role
	fi
	ENVIRONMENT=()
	for name in "${!own[@]}"; do
		! wants "$daemon" "$name" || ENVIRONMENT+=("$name=${own[$name]}")
	done
	# shellcheck disable=SC2153 # of settings.sh
	for name in "${!SETTING[@]}"; do
		! wants "$daemon" "$name" || ENVIRONMENT+=("$name=${SETTING[$name]}")
	done
}

# A daemon lists a secret without _FILE and takes it either way.
wants() {
	daemon_reads "$1" "$2" || { [[ $2 == *_FILE ]] && is_secret "${2%_FILE}" && daemon_reads "$1" "${2%_FILE}"; }
}

# Lets a daemon judge its own settings. Its complaints, one a line, become ours.
check_daemon_settings() {
	local daemon=$1 output line
	daemon_environment "$daemon"
	output=$(cd -- "$STATE/run" && env -i "${ENVIRONMENT[@]}" "$BIN/$daemon" --check-config 2>&1) && return
	while IFS= read -r line; do
		[[ -z $line ]] || error "$line"
	done <<<"$output"
	[[ -n $output ]] || error "$daemon --check-config refused the settings without a word"
}

write_daemon_service() {
	local daemon=$1 line script='exec env -i'
	daemon_environment "$daemon"
	while IFS= read -r line; do
		sh_quote "${line#*=}"
		script+=$' \\\n\t'"${line%%=*}=$QUOTED"
	done < <(printf '%s\n' "${ENVIRONMENT[@]}" | sort)
	sh_quote "$BIN/$daemon"
	write_service "$daemon" "$script"$' \\\n\t'"$QUOTED"
}

# Sets STAMP, which changes when the service has to be restarted: its script, its program, the files it reads at start.
service_stamp() {
	local service=$1 setting
	local files=("$SERVICE_FOLDER/$service/run")
	case $service in
	postgres) files+=("$PG_DATA/grove.conf" "$PG_DATA/grove_hba.conf" "$PG_BIN/postgres") ;;
	nginx) files+=("$(command -v nginx || echo /usr/sbin/nginx)") ;;
	*)
		files+=("$BIN/$service")
		daemon_environment "$service"
		for setting in "${ENVIRONMENT[@]}"; do
			[[ $setting != *_FILE=* ]] || files+=("${setting#*=}")
		done
		;;
	esac
	STAMP=$(sha256sum -- "${files[@]}")
}

runsv_lives() {
	# Opening the FIFO for writing only works while runsv holds its other end.
	[[ -p $SERVICE_FOLDER/$1/supervise/ok ]] && sv status "$SERVICE_FOLDER/$1" >/dev/null 2>&1
}

supervisor_pid() {
	local pid
	{ read -r pid <"$STATE/run/supervisor.pid"; } 2>/dev/null || return 1
	[[ $pid =~ ^[0-9]+$ ]] && is_our_supervisor "$pid" || return 1
	printf '%s' "$pid"
}

# Without forking: this is asked of every process there is.
is_our_supervisor() {
	local words=()
	{ mapfile -d '' words <"/proc/$1/cmdline"; } 2>/dev/null || return 1
	[[ ${words[0]:-} == *runsvdir && ${words[2]:-} == "$SERVICE_FOLDER" ]]
}

# Starts runsvdir in a session of its own, holding nothing of the terminal and none of our locks.
start_supervisor() {
	supervisor_pid >/dev/null && return
	stop_leftovers
	(
		cd -- "$STATE" || exit
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin setsid --fork \
			runsvdir -P "$SERVICE_FOLDER" <>/dev/null >/dev/null 2>&1 8>&- 9>&-
	)
	# setsid --fork has already exited, so the pid is found by what only that process has in its arguments.
	wait_for 10 'the supervisor' find_supervisor
}

find_supervisor() {
	local folder
	for folder in /proc/[0-9]*; do
		if is_our_supervisor "${folder#/proc/}"; then
			write_private "$STATE/run/supervisor.pid" "${folder#/proc/}"$'\n'
			return
		fi
	done
	return 1
}

start_service() {
	local name=$1
	wait_for 15 "the supervisor of $name" runsv_lives "$name"
	sv up "$SERVICE_FOLDER/$name" >/dev/null || die "runit could not start $name"
	rm -f -- "$SERVICE_FOLDER/$name/down"
}

# Starts a service, or restarts it when what it was started with is no longer what it should run with.
bring_service_up_to_date() {
	local name=$1
	service_stamp "$name"
	if service_runs "$name" && [[ $STAMP == "$(cat -- "$SERVICE_FOLDER/$name/stamp" 2>/dev/null)" ]]; then
		return
	fi
	if service_runs "$name"; then
		say "restarting $name, something it runs with has changed"
		stop_services "$name"
	fi
	start_service "$name"
	write_private "$SERVICE_FOLDER/$name/stamp" "$STAMP"
}

# Asks the named services to stop, all at once, and waits for them; kills what is still there in the end. PostgreSQL
# is never killed: it recovers, but a clean stop is worth waiting for.
stop_services() {
	local name folders=()
	for name in "$@"; do
		! runsv_lives "$name" || folders+=("$SERVICE_FOLDER/$name")
	done
	((${#folders[@]})) || return 0
	if [[ $1 == postgres ]]; then
		sv -w 120 down "${folders[@]}" >/dev/null || complain 'PostgreSQL is still stopping'
	else
		sv -w 20 down "${folders[@]}" >/dev/null || sv -w 5 kill "${folders[@]}" >/dev/null ||
			sv -w 5 down "${folders[@]}" >/dev/null || complain "could not stop $*"
	fi
}

# Stops everything in the order in which nothing loses what it stands on, then the supervisor.
stop_everything() {
	local pid
	stop_services nginx
	stop_services gateway
	stop_services chat-proxy auth-verifier vm-controller
	stop_services account-store keyvault
	stop_services postgres
	if pid=$(supervisor_pid); then
		kill -HUP "$pid"
		wait_for 20 'the supervisor to end' process_is_gone "$pid"
	fi
	stop_leftovers
	rm -f -- "$STATE/run/supervisor.pid"
}

process_is_gone() {
	[[ ! -d /proc/$1 ]]
}

# Processes of this state that no supervisor looks after any more, after somebody killed it. Only our own kinds
# of program are looked at, and only those that work inside the state: a shell standing there is left alone. A
# daemon does not let others see where it works, so it is known by the pid that its runsv wrote.
leftovers() {
	local folder pid service words
	for folder in /proc/[0-9]*; do
		pid=${folder#/proc/}
		words=()
		# Processes come and go while this looks.
		{ mapfile -d '' words <"$folder/cmdline"; } 2>/dev/null || continue
		case ${words[0]:-} in
		runsv | */runsv | svlogd | */svlogd | nginx* | postgres* | "$PG_BIN/postgres") ;;
		*) continue ;;
		esac
		[[ $(readlink "$folder/cwd" 2>/dev/null)/ != "$STATE"/* ]] || echo "$pid"
	done
	for service in "${DAEMONS[@]}"; do
		pid=$(service_pid "$service") || continue
		words=()
		{ mapfile -d '' words <"/proc/$pid/cmdline"; } 2>/dev/null || continue
		[[ " ${words[*]} " != *" $BIN/$service "* ]] || echo "$pid"
	done
}

# runsv first, so that nothing is started again; then the rest, PostgreSQL by its clean signal.
stop_leftovers() {
	local pid pids
	mapfile -t pids < <(leftovers)
	((${#pids[@]})) || return 0
	say 'ending processes of an earlier run that lost their supervisor'
	for pid in "${pids[@]}"; do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		postgres) kill -INT "$pid" 2>/dev/null || true ;;
		*) kill -TERM "$pid" 2>/dev/null || true ;;
		esac
	done
	wait_for 60 'processes of an earlier run to end' no_leftovers
}

no_leftovers() {
	[[ -z $(leftovers) ]]
}
