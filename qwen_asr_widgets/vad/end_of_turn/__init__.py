"""Models that say, at a pause, whether somebody is done speaking: the protocol, and two of them."""
