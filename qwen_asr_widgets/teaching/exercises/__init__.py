"""What judges answers: a module holds the exercises on one subject, ``catalogue.py`` lists them all."""
