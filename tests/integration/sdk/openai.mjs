// SPDX-License-Identifier: MIT
// openai.mjs WHAT: does one thing with the openai package as its manual shows it, and prints what came as JSON.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0, timeout: 20000 });
const request = { model: "openai-compatible/model-a", messages: [{ role: "user", content: "hi" }] };

async function collect(stream) {
  const seen = { text: "", chunks: 0, finish: null, usage: null };
  for await (const chunk of stream) {
    seen.chunks += 1;
    seen.text += chunk.choices[0]?.delta?.content ?? "";
    seen.finish = chunk.choices[0]?.finish_reason ?? seen.finish;
    seen.usage = chunk.usage ?? seen.usage;
  }
  return seen;
}

const actions = {
  async stream() {
    return collect(await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
  },
  async whole() {
    const answer = await client.chat.completions.create(request);
    return { text: answer.choices[0].message.content, usage: answer.usage, requestId: answer._request_id };
  },
  async tools() {
    const answer = await client.chat.completions.create({
      ...request,
      messages: [{ role: "user", content: "what is the weather" }],
      tools: [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }],
    });
    const call = answer.choices[0].message.tool_calls[0].function;
    return { name: call.name, arguments: JSON.parse(call.arguments) };
  },
  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    return names;
  },
  async abort() {
    const stream = await client.chat.completions.create({ ...request, stream: true });
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      if (text) break;
    }
    stream.controller.abort();
    return { text };
  },
  async broken() {
    let text = "";
    try {
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
        text += chunk.choices[0]?.delta?.content ?? "";
      }
    } catch (error) {
      return { text, thrown: error.constructor.name, message: error.message };
    }
    return { text, thrown: null };
  },
  async error() {
    try {
      await client.chat.completions.create(request);
    } catch (error) {
      return { class: error.constructor.name, status: error.status, code: error.code, message: error.message, requestId: error.requestID };
    }
    return { class: null };
  },
};

console.log(JSON.stringify(await actions[process.argv[2]]()));
