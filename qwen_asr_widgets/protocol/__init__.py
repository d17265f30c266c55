"""The protocol of Qwen-ASR-Realtime without sockets, clocks or threads: shared by client and service."""
