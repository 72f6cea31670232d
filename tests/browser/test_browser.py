# SPDX-License-Identifier: MIT
"""Each script of this folder as one test. The scripts say what a person does; docs/testing.md how to run one alone."""


def test_first_run_leads_from_the_landing_page_to_a_kept_answer(run_script, api, fake_model):
    run_script("first_run")
    conversations = api.ok("GET", "/api/conversations")["items"]
    assert conversations, "what the browser wrote is not in the database"
    texts = [m["content"] for m in api.messages(api.ok("GET", f"/api/conversations/{conversations[0]['id']}"))]
    assert texts[0] == "Tell me about branches" and texts[1].endswith("Ask away.")
    assert any(body.get("stream") for body in fake_model.requests())


def test_send_gate_keeps_the_draft_and_leads_to_a_key(run_script, api):
    run_script("send_gate")


def test_page_makes_no_foreign_request_and_renders_hostile_answers_harmlessly(run_script, api, rogue):
    from grove import rogue_behaviours
    hostile = ("<script>document.title='owned'</script> ![x](https://evil.example/leak.png) <img src=x onerror=\"document.title='owned'\">"
               " [click](javascript:document.title='owned') <iframe src='https://evil.example'></iframe> fine")
    rogue.on("hostile", rogue_behaviours.answer(hostile))
    api.save_key(rogue.base_url)
    run_script("hostile_answer")
