"""Servers that speak the OpenAI wire: chat completions and Responses, streamed or whole."""
