"""The processes of the recognisers: how many there are, who works for which session, and in which order.

Engines hold the interpreter's lock while they decode, so they work in processes of their own, at most M of
them for N sessions::

    ServerSession -- command --> Unanswered, SessionRecognizer -- (number, command) --> pipe of a Worker
                                                                                              |
                                        in the process: SessionScheduler, per number an UtteranceDecoder
                                                                                              |
    ServerSession <-- result --------------- SessionRecognizer <-- (number, result) --- pipe of a Worker

- `pool` gives a session a worker to itself while there are fewer than M of them, then the one with the fewest
  sessions. Where that is safe (`forking`), the first process loads the model and does nothing but fork, so
  that a session's worker costs no start and shares its memory; elsewhere loaded workers are kept ready.
- `worker` is a process as the service sees it; `SessionRecognizer` is one session's recogniser in it.
- `process` is the program that runs in it; `scheduler` shares its time among the sessions, `decoder`
  decodes the utterances of one of them.

Nothing is shared between sessions but the model, which nobody writes to: each has a recogniser object of
its own, with its own settings, context and turn. Where a process dies, each of its sessions goes on with
another one and asks again for what was not answered; the death counts only against the session that was
worked for.
"""
