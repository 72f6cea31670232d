# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The state's own PostgreSQL cluster: created once, reachable over a Unix socket only, one login role per daemon
# that owns data. It has nothing to do with any other PostgreSQL of the machine.

readonly PG_BIN=/usr/lib/postgresql/15/bin PG_DATA="$STATE/postgres/data"
readonly -A DATABASE_ROLE=([auth-verifier]=auth [keyvault]=vault [account-store]=account [vm-controller]=vm)

# Sets PG_SOCKET_FOLDER. A socket's path has 107 bytes at most, so a long state path gets a short folder elsewhere,
# whose name is remembered; it must be ours and closed to others, because /tmp is everybody's.
choose_socket_folder() {
	local name_length=18		# "/.s.PGSQL.5432" and the ".lock" beside it
	PG_SOCKET_FOLDER=$STATE/run/postgres
	local LC_ALL=C			# bytes, not characters
	if ((${#PG_SOCKET_FOLDER} + name_length > 107)); then
		PG_SOCKET_FOLDER=/tmp/grove-$(id -u)-$(sha256sum <<<"$STATE" | cut -c 1-16)
	fi
	[[ -d $PG_SOCKET_FOLDER ]] || mkdir -m 0700 -- "$PG_SOCKET_FOLDER"
	[[ ! -L $PG_SOCKET_FOLDER && $(stat -c '%u %a' -- "$PG_SOCKET_FOLDER") == "$(id -u) 700" ]] ||
		die "$PG_SOCKET_FOLDER is not a folder of $(id -un) with mode 0700; remove it"
	write_private "$STATE/run/postgres-socket" "$PG_SOCKET_FOLDER"$'\n'
}

create_cluster() {
	[[ ! -e $PG_DATA/PG_VERSION ]] || return 0
	say 'creating the PostgreSQL cluster'
	# Into a folder beside it first: an interrupted initdb must not look like a cluster.
	local fresh=$STATE/postgres/new log=$STATE/log/initdb
	rm -rf -- "$fresh"
	env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC "$PG_BIN/initdb" -D "$fresh" \
		--username=grove_super --pwfile="$STATE/secrets/postgres_superuser" --auth=scram-sha-256 \
		--data-checksums --encoding=UTF8 --locale=C.UTF-8 >"$log" 2>&1 || {
		tail -n 20 -- "$log" >&2
		die 'initdb failed'
	}
	printf "\ninclude 'grove.conf'\n" >>"$fresh/postgresql.conf"
	mv -- "$fresh" "$PG_DATA"
}

# Our part of the configuration, rendered anew. A change is part of the service's stamp and restarts the server.
configure_cluster() {
	local text
	text=$(<"$ROOT/deploy/postgres/grove.conf.template")
	text=${text//@SOCKET_FOLDER@/"${PG_SOCKET_FOLDER//\'/\'\'}"}
	text=${text//@DATA@/"${PG_DATA//\'/\'\'}"}
	write_private "$PG_DATA/grove.conf" "$text"$'\n'
	write_private "$PG_DATA/grove_hba.conf" "$(<"$ROOT/deploy/postgres/grove_hba.conf")"$'\n'
}

# psql and its like as the superuser. The password is in a file that libpq reads by itself.
as_superuser() {
	local database=$1
	shift
	env -i PATH="$PG_BIN:/usr/bin:/bin" LC_ALL=C.UTF-8 PGHOST="$PG_SOCKET_FOLDER" PGUSER=grove_super \
		PGDATABASE="$database" PGPASSFILE="$STATE/secrets/pgpass" PGCONNECT_TIMEOUT=10 "$@"
}

postgres_answers() {
	env -i "$PG_BIN/pg_isready" -q -h "$PG_SOCKET_FOLDER" -t 2
}

# Database, roles and their passwords. Safe to run always; a lost or changed password file heals here.
prepare_database() {
	local daemon role
	write_private "$STATE/secrets/pgpass" "*:*:*:grove_super:$(<"$STATE/secrets/postgres_superuser")"$'\n'
	{
		printf '%s\n' "SELECT 'CREATE ROLE grove_owner NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE'
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grove_owner') \\gexec"
		for daemon in "${!DATABASE_ROLE[@]}"; do
			role=grove_${DATABASE_ROLE[$daemon]}
			printf '%s\n' "\\set password \`cat \"\$SECRETS\"/postgres_${role#grove_}\`" \
				"SELECT 'CREATE ROLE $role' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \\gexec" \
				"ALTER ROLE $role LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
				PASSWORD :'password';"
		done
		printf '%s\n' "SELECT 'CREATE DATABASE grove OWNER grove_owner TEMPLATE template0 ENCODING ''UTF8''
			LC_COLLATE ''C.UTF-8'' LC_CTYPE ''C.UTF-8'''
			WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'grove') \\gexec"
	} | as_superuser postgres env SECRETS="$STATE/secrets" psql -XqtA -v ON_ERROR_STOP=1 >/dev/null ||
		die 'preparing the database failed'
}

migrate_database() {
	local output
	output=$(as_superuser grove "$ROOT/migrations/migrate" 2>&1) || die "$output"
	[[ $output == 'up to date'* ]] || say "migrations: ${output//$'\n'/, }"
}
