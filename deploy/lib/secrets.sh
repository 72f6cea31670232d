# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The secrets of a state, each in a file of its own that only the service user can read. Made once and kept,
# except those an operator gives, which are written anew at each start from what is given then. Daemons get the
# file's name, never the value.

# One key for each pair of daemons that talk to each other, caller first.
readonly PAIRS=(
	'gateway auth-verifier' 'gateway account-store' 'gateway keyvault' 'gateway chat-proxy'
	'gateway vm-controller' 'auth-verifier account-store' 'chat-proxy keyvault' 'chat-proxy account-store'
	'account-store keyvault'
)

random_key() {
	openssl rand -base64 32
}

# Makes secrets/NAME if it is not there.
keep_secret() {
	[[ -s $STATE/secrets/$1 ]] || write_private "$STATE/secrets/$1" "$(random_key)"$'\n'
}

make_own_secrets() {
	local name pair pairs caller callee key daemon text
	for name in postgres_superuser postgres_auth postgres_vault postgres_account postgres_vm edge csrf; do
		keep_secret "$name"
	done
	pairs=$(cat -- "$STATE/secrets/pairs" 2>/dev/null) || true
	for pair in "${PAIRS[@]}"; do
		[[ $'\n'$pairs == *$'\n'"$pair "* ]] || pairs+=${pairs:+$'\n'}"$pair $(random_key)"
	done
	write_private "$STATE/secrets/pairs" "$pairs"$'\n'
	for daemon in "${DAEMONS[@]}"; do
		text=
		while read -r caller callee key; do
			[[ $caller != "$daemon" && $callee != "$daemon" ]] || text+="$caller $callee $key"$'\n'
		done <<<"$pairs"
		write_private "$STATE/secrets/peers-$daemon" "$text"
	done
}

# The data secret is made only for a state that has no data yet: a new one beside old data could open nothing.
make_data_secret() {
	[[ ! -v SETTING[DATA_ENCRYPTION_SECRET] ]] || return 0
	local file=$STATE/secrets/data_encryption_secret
	if [[ -s $file ]]; then
		:
	elif [[ -e $PG_DATA/PG_VERSION ]]; then
		error "DATA_ENCRYPTION_SECRET: it was given when this state was created and is missing now; give it again"
		return
	else
		write_private "$file" "$(random_key)"$'\n'
		say "made the secret that seals conversations: keep a copy of $file elsewhere"
	fi
	SETTING[DATA_ENCRYPTION_SECRET]=$(<"$file")
}

# Writes the operator's secrets to files and forgets the values. Files of settings that are gone are removed.
write_given_secrets() {
	local name file
	mkdir -p -- "$STATE/secrets/given"
	for file in "$STATE/secrets/given"/*; do
		name=${file##*/}
		[[ -v SETTING[$name] || ! -e $file ]] || rm -f -- "$file"
	done
	for name in "${!SETTING[@]}"; do
		is_secret "$name" || continue
		write_private "$STATE/secrets/given/$name" "${SETTING[$name]}"
		SETTING[${name}_FILE]=$STATE/secrets/given/$name
		unset "SETTING[$name]"
	done
}

make_secrets() {
	make_own_secrets
	make_data_secret
	write_given_secrets
}
