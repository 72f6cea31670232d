/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

struct account_store_config {
	int64_t data_key_life_ms;
	int64_t run_abandoned_ms;
	int64_t reaper_interval_ms;
};

extern const struct config_field account_store_config_fields[];
