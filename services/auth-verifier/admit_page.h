/* SPDX-License-Identifier: MIT */
#pragma once

#include "flow/flow.h"

extern const struct flow_step admit_page_flow[];
