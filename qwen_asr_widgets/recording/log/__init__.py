"""What is noted while a run goes on: sound sent, events received, settings in force."""
