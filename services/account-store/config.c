/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/banned.h"

const struct config_field account_store_config_fields[] = {
	{ "GROVE_DATA_KEY_LIFE_MS", CONFIG_INT,
	  CONFIG_FIELD(account_store_config, data_key_life_ms), .fallback = "300000", .min = 0,
	  .max = 3600000, .unit = "ms",
	  .text = "How long a person's data key stays in locked memory after it was leased from "
		  "keyvault; 0 asks every time." },
	{ "GROVE_RUN_ABANDONED_MS", CONFIG_INT,
	  CONFIG_FIELD(account_store_config, run_abandoned_ms), .fallback = "75000", .min = 500,
	  .max = 3600000, .unit = "ms",
	  .text = "How long an answer may go without a sign of life before it is marked "
		  "interrupted." },
	{ "GROVE_REAPER_INTERVAL_MS", CONFIG_INT,
	  CONFIG_FIELD(account_store_config, reaper_interval_ms), .fallback = "10000", .min = 100,
	  .max = 600000, .unit = "ms", .text = "How often abandoned answers are looked for." },
	{ 0 },
};
