"""Speech scores: how much each 32 ms of sound resembles speech."""
