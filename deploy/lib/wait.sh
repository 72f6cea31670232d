# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Bounded waiting, and asking a service whether it is ready.

READY_SECONDS=60
declare -A READY_PID=()

# wait_for SECONDS WHAT COMMAND…: until the command succeeds; dies when it does not in time.
wait_for() {
	local seconds=$1 what=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@"; do
		((SECONDS < end)) || die "waited $seconds s in vain for $what"
		sleep 0.05
	done
}

http_get() {
	curl --silent --show-error --noproxy '*' --max-time 2 "$@" 2>&1
}

# Prints "ready", or what is missing. Exit status says the same.
readiness() {
	local service=$1 answer
	if ! service_runs "$service"; then
		# Whoever answers on its port is somebody else.
		printf 'does not run'
		return 1
	fi
	case $service in
	postgres)
		if postgres_answers; then
			answer=ready
		else
			answer='does not answer yet'
		fi
		;;
	nginx)
		answer=$(http_get --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:${PORT[nginx]:-0}/healthz") || true
		case $answer in
		200) answer=ready ;;
		[1-9]??) answer="answers $answer on /healthz" ;;
		*) answer='does not answer' ;;
		esac
		;;
	*)
		answer=$(http_get --write-out '\n%{http_code}' "http://127.0.0.1:${OPS_PORT[$service]:-0}/readyz") || true
		case $answer in
		*$'\n200') answer=ready ;;
		*$'\n000') answer='does not answer' ;;
		*)
			answer=${answer%$'\n'*}
			answer=${answer%$'\n'}
			answer=${answer//$'\n'/, }
			;;
		esac
		;;
	esac
	printf '%s' "$answer"
	[[ $answer == ready ]]
}

# Waits until all services are ready. One that keeps dying ends the wait early.
wait_until_ready() {
	local service why end=$((SECONDS + READY_SECONDS)) pid
	declare -A seen=() deaths=()
	for service in "$@"; do
		until why=$(readiness "$service"); do
			pid=$(service_pid "$service") || pid=
			if [[ -n $pid && -n ${seen[$service]:-} && $pid != "${seen[$service]}" ]]; then
				deaths[$service]=$((${deaths[$service]:-0} + 1))
			fi
			[[ -z $pid ]] || seen[$service]=$pid
			if ((SECONDS >= end || ${deaths[$service]:-0} >= 4)); then
				complain "$service is not ready: $why"
				show_last_log "$service"
				return 1
			fi
			sleep 0.05
		done
		READY_PID[$service]=$(service_pid "$service") || true
		say "$service is ready"
	done
}

# A daemon whose port belongs to somebody else dies, is started again and dies: it only seems to be there.
check_all_still_run() {
	local service
	for service in "$@"; do
		[[ "$(service_pid "$service")" == "${READY_PID[$service]}" ]] && continue
		complain "$service does not keep running"
		show_last_log "$service"
		return 1
	done
}

show_last_log() {
	local log="$STATE/log/$1/current"
	[[ -s $log ]] || return 0
	complain "the last lines of $log:"
	tail -n 15 -- "$log" | sed 's/^/    /' >&2
}
