"""The realtime classes of the DashScope SDK, drop-in: the SDK's code runs with only its import changed."""
