"""Measuring on a real endpoint what `protocol.cloud_facts` reports of it."""
