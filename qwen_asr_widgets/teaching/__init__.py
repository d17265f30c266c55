"""For those who learn and those who teach: the exercises of the notebooks, and what a lecture shows."""
