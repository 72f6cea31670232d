grove_fuzz_target(openai_chunk USES chat-proxy_parts)
grove_fuzz_target(chat_request USES chat-proxy_parts)
grove_fuzz_target(provider_error USES chat-proxy_parts)
