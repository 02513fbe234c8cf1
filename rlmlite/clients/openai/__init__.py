"""A client for servers that speak OpenAI's APIs: chat completions or Responses, whole or streamed.

client       ModelServer: what a call is, what it costs, which fields a server refuses
addresses    from a model string to a ModelServer
connection   the SDK, and what is made of its errors
attempts     one attempt: deadlines, streams, pauses that a server asks for
pauses       how long a server wants to be left alone
wire         what both APIs have in common;  chat and responses are the two
server_events   server-sent events, from bytes as they come
"""
