/* SPDX-License-Identifier: MIT */
/*
 * CSRF tokens: base64url(HMAC-SHA-256(secret, "grove/csrf/v1" | user id | sign-in session)). Bound to the person and the session, so that a token seen by
 * another session is worth nothing; no state. Cloudflare's cookie is SameSite=None by default, so this defence is wholly ours.
 */
#pragma once

#include "base/text.h"
#include "crypto/secret.h"
#include "token/envelope.h"

#define CSRF_TOKEN_SIZE 44

void csrf_token(const struct secret *secret, const struct identity *identity, char out[static CSRF_TOKEN_SIZE]);
bool csrf_matches(const struct secret *secret, const struct identity *identity, struct text given);
