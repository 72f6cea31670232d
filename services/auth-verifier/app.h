/* SPDX-License-Identifier: MIT */
#pragma once

#include "daemon/daemon.h"

#include "config.h"

struct auth_verifier {
	const struct auth_verifier_config *config;
};

extern const struct route auth_verifier_routes[];

enum err auth_verifier_open(struct daemon *d, struct strbuf *errors);
void auth_verifier_close(struct daemon *d);
