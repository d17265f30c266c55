"""What decides that a turn is over, tried in the tuner: silence or a model, and what for."""
