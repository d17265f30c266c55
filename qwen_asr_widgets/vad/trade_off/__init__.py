"""False cut-offs against latency: how the field judges what decides that somebody is done speaking.

The definitions follow eot-bench (LiveKit, 2026, Apache-2.0; https://github.com/livekit/eot-bench: README,
"Evaluation Model", and ``eot_harness/metrics.py``), so that figures can stand beside its leaderboard.

* **Unit.** The *pause*: a silence of at least 100 ms inside a turn (``hold``) or after it (``eot`` there,
  ``end`` here). Holds shorter than 0.2 s or longer than 5 s are not judged; every end is.
* **Policy.** ``threshold`` of the model's probability, ``action delay`` (no answer before this much
  silence) and ``time-out`` (an answer after this much silence, whatever the model says). A model *fires* at
  the first instant at which its probability is above the threshold, but not before the action delay.
* **False cut-off.** A hold that lasts longer than the policy waits: until the model fires, or the time-out.
  The *cut-off rate* is their share of the holds judged; it is a share of pauses, not of turns.
* **Latency.** At an end, the silence until the policy answers: the action delay or the model's firing where
  it fires by the time-out, else the time-out. The mean over the ends. It is dead air, not computing.
* **Silence alone.** The baseline answers after a fixed silence: no model, no threshold.
* **Pareto front.** By rising latency, the policies with a lower cut-off rate than all before them.
* **Operating points.** The lowest cut-off rate with a latency of at most 0.3 and 0.6 s; the lowest latency
  with a cut-off rate of at most 5 and 10 %. Of equals the other measure decides, then the higher threshold,
  the shorter action delay, the shorter time-out.
* **Area.** The mean of the lowest latencies under cut-off budgets of 0, 0.1, … 10 %, over those that some
  policy keeps to (``mean_frontier_latency_0_10`` there).

The detector ``"vad"`` goes beyond those definitions: its policy is threshold and silence of the turn
detector itself, run over the speech scores, so that it also errs where silence was not heard as silence.
For it

* a hold is cut off where a turn is closed in it or in the speech before it; a turn closed in the speech
  after its last hold counts as a cut-off too (``early``), so that the rate of a setting that breaks speech
  up can exceed 1;
* the silence is counted in frames: a hold as long as the silence is cut, as the service does;
* an end is *answered* where a turn is closed by silence between the end and the next speech of the
  reference. Where the clip ends before, the answer was not seen (``unseen``); where somebody speaks before,
  there was none. Neither counts as a wait; a policy that answers fewer than half of the ends is left out of
  the front.

The name of another detector, such as ``"webrtc"``, is the same turn detector run over that one's scores.
Under conditions (noise, level, telephone line) every detector hears the changed sound, and is judged by the
holds of the clip as it is: what people do in their pauses does not change with the room.

For a model the wait at the time-out is the timer's: it needs no sound, and leaving it out where the
recording ends earlier would leave out just those ends which the model had missed. ``unseen`` tells how many
there are.

Uncertainty: whole speakers (or clips) are drawn with replacement, and the operating point is chosen anew in
each draw, so that an interval holds the choice as well. The interval of a cut-off rate is at least as wide
as Wilson's (1927) of the number of holds: a few clips that happen to be alike, or of which one holds all
the pauses, would else seem certain. Held-out figures are those of the points which the other parts of the
speakers (or clips) chose.
"""
