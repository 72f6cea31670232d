# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Who runs the services. Started as root everything runs as the system user grove (or as the person an
# existing state belongs to); started as an ordinary user everything runs as that user. Nothing ever runs as root.

readonly SERVICE_ACCOUNT=grove

# Sets SERVICE_USER and SERVICE_GROUP.
choose_service_user() {
	local owner=
	[[ ! -d $STATE/secrets ]] || owner=$(stat -c %U -- "$STATE/secrets")
	if ((EUID != 0)); then
		SERVICE_USER=$(id -un)
		[[ -z $owner || $owner == "$SERVICE_USER" ]] ||
			die "$STATE belongs to $owner. Run this as root, or choose another GROVE_STATE"
	elif [[ -n $owner && $owner != root && $owner != UNKNOWN ]]; then
		SERVICE_USER=$owner
	else
		SERVICE_USER=$SERVICE_ACCOUNT
	fi
	SERVICE_GROUP=$SERVICE_USER
	if id -- "$SERVICE_USER" >/dev/null 2>&1; then
		SERVICE_GROUP=$(id -gn -- "$SERVICE_USER")
	fi
}

create_service_user() {
	id -- "$SERVICE_USER" >/dev/null 2>&1 && return
	say "creating the system user $SERVICE_USER"
	useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
		"$SERVICE_USER"
}

# Runs a command as the service user, from / because the current folder may be out of its reach.
as_service() {
	if ((EUID != 0)); then
		(cd / && exec "$@")
	else
		(cd / && exec setpriv --reuid="$SERVICE_USER" --regid="$SERVICE_GROUP" --init-groups \
			--no-new-privs --inh-caps=-all -- "$@")
	fi
}

# The state's own folder belongs to whoever ran this, so that grove.env is the operator's; what is inside belongs
# to the service user.
create_state() {
	local created=no folder
	[[ ! -e $STATE || -e $STATE/secrets || (-d $STATE && -z $(ls -A -- "$STATE")) ]] ||
		die "$STATE exists and is not a state directory of Grove; choose another GROVE_STATE"
	if [[ ! -d $STATE ]]; then
		mkdir -p -- "$STATE"
		created=yes
	fi
	# The way down to a state in a private home folder must be open before anything inside can be used.
	make_reachable "$STATE"
	if ((EUID == 0)); then
		chown "root:$SERVICE_GROUP" -- "$STATE"
		chmod 0750 -- "$STATE"
	else
		chmod 0700 -- "$STATE"
	fi
	for folder in secrets postgres run log nginx tls; do
		[[ -d $STATE/$folder ]] || mkdir -m 0700 -- "$STATE/$folder"
		((EUID != 0)) || chown "$SERVICE_USER:$SERVICE_GROUP" -- "$STATE/$folder"
	done
	[[ $created == no ]] || say "created the state directory $STATE"
}

# Gives the service user, and nobody else where ACLs work, the right to pass through the folders above a path.
make_reachable() {
	local path=$1 folder=/ part
	((EUID == 0)) || return 0
	! as_service test -e "$path/." || return 0
	local IFS=/
	# shellcheck disable=SC2086 # split at the slashes on purpose
	set -f -- ${path#/}
	set +f
	for part in "$@"; do
		folder=${folder%/}/$part
		[[ $folder != "$STATE" && -d $folder ]] || continue
		as_service test -x "$folder" && continue
		grant "$folder" --x o+x
		say "let the user $SERVICE_USER pass through $folder (search only)"
	done
}

# Makes trees of the checkout readable, for clones made with a strict umask.
make_readable() {
	local tree
	((EUID == 0)) && ! is_readable "$@" || return 0
	for tree in "$@"; do
		[[ -e $tree ]] || continue
		make_reachable "$tree"
		is_readable "$tree" && continue
		grant "$tree" rX o+rX -R
		say "let the user $SERVICE_USER read $tree"
	done
}

is_readable() {
	[[ -z $(as_service find "$@" ! -readable -print -quit 2>&1) ]]
}

grant() {
	local path=$1 acl=$2 mode=$3
	shift 3
	command -v setfacl >/dev/null || bash "$ROOT/deploy/lib/apt-install" acl >/dev/null 2>&1 </dev/null || true
	setfacl "$@" -m "u:$SERVICE_USER:$acl" -- "$path" 2>/dev/null || chmod "$@" "$mode" -- "$path"
}
