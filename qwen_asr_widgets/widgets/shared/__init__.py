"""What several widgets use: joined assets, throttle, run state, saved output."""
