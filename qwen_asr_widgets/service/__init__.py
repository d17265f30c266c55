"""The embedded service: the protocol of Qwen-ASR-Realtime on this machine, recognising without a network.

From the socket to the text: `server` lets a client in; `client_connection` carries frames and events;
`server_session` answers them, with `audio_decoder`, `segmenter` (where turns begin and end) and `items`;
`workers` keeps the recognisers' processes and shares them among the sessions; `recognizers` are the engines.
`standin` changes what the service does to what clients report of DashScope.

Where the public record is silent, or more can be said than the cloud says, it goes its own way:

- ``session.engine`` names what really recognises, whatever model was asked for;
- ``session.input_audio_transcription.corpus.unknown_words`` (in ``session.updated``) lists words of the
  context that cannot be recognised, because their pronunciation is not known;
- ``speech_started`` carries ``audio_onset_ms``, ``speech_stopped`` a ``reason`` (silence, limit, finish);
- ``recognizer.behind`` says once a second by how many ms the recogniser is behind, where that is over 3 s;
- ``failed`` items carry the code ``recognition_failed``, ``recognizer_lost`` or ``cancelled``;
- a ``session.update`` with a misspelt field or a modality other than text is refused, and the error's
  ``param`` names the field; fields that only models with speech output have are skipped;
- a buffer longer than 60 s cannot be committed: the error says so and the buffer is cleared;
- in manual mode partial results of an item come after its commit;
- a client that sends faster than the recogniser works is slowed down, nothing is dropped;
- a recogniser's process is taken when the first audio comes; a session more than there may be (16) is told so
  (``server_error``, ``too_many_sessions``) and closed with 1013;
- it serves 256 connections at once and refuses the next one's handshake (429);
- ``/healthz`` answers without a key, ``/metrics`` with one (`operation`);
- an item whose recogniser dies is given to the next one; where that dies too, it fails (``recognizer_lost``);
- a session whose recogniser does not start, or dies three times in a minute, is told why
  (``recognizer_unavailable``) and closed with 1011.
"""
