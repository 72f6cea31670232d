/* SPDX-License-Identifier: MIT */
/* Every VM route while no driver can work: 503 vm_unavailable with details.reason. */
#include "app.h"

#include "base/banned.h"

static enum flow say_why_not(struct request *req)
{
	const struct vm_controller *v = req->app;
	const char *reason = vm_driver_problem((enum vm_driver)v->config->driver, &v->machine);
	struct strbuf *details = req_buffer(req, 1024);
	struct json_writer w = JSON_WRITER_INIT(details);
	json_object_begin(&w);
	json_key(&w, "reason");
	json_str(&w, reason);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return fail_details(req, ERR_VM_UNAVAILABLE, reason, strbuf_text(details));
}

const struct flow_step refuse_flow[] = {
	{ "say_why_not", say_why_not },
	{ 0 },
};
