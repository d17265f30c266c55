"""Voice activity detectors of several makers, each giving speech scores on the same frames of 32 ms."""
