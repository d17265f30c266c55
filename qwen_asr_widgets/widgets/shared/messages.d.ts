/**
 * What pages and kernel say to each other, and the models they do it over.
 *
 * A message is a value with a `kind` and, beside it, buffers. `KernelMessage` is what a page hears, as the `*_messages.py`,
 * `tuner/messages.py`, `tuner/view.py` and `transcriber/pages.py` make it; `PageCommand` is what a page may ask, as the
 * `commands.py` of each widget takes it. What the microphone sends of its sound is in `capture/uplink.js`.
 *
 * Times are seconds, positions samples.
 */
import type { Heard } from "../capture/keeper.js";
import type { ClipProblem, ProblemCode } from "../capture/capture.js";
import type { Comparison } from "../compare_view/runs.js";
import type { Config, Kernel } from "../transcriber/logic.js";
import type { Figures, Service } from "../tuner/state.js";
import type { Menu } from "../transcriber/save.js";
import type { Settings, SettingName } from "../tuner/scales.js";
import type { Sweep } from "../tuner/sweep/map.js";
import type { Policy } from "../tuner/turn_ends/judge.js";
import type { Why } from "../tuner/why.js";
import type { Lane, Mark, RunInfo, Utterance } from "./run/state.js";

// ---- models, as anywidget hands them to a page

/** What can be listened to: by the name of an event, what a listener is told. */
export interface Emitter<Events> {
  on<Name extends keyof Events>(event: Name, listener: Events[Name]): void;
  off<Name extends keyof Events>(event: Name, listener: Events[Name]): void;
}

/** What the model of a widget of ours tells: messages of the kernel, and traits that have changed. */
export type ModelEvents<Traits, Heard> = {
  "msg:custom": (message: Heard, buffers: DataView[]) => void;
  comm_live_update: () => void;
} & { [Name in keyof Traits & string as `change:${Name}`]: () => void };

/** The model of a widget of ours: its traits, and the messages it hears. */
export interface Model<Traits extends object = ViewTraits, Heard = KernelMessage> extends Emitter<ModelEvents<Traits, Heard>> {
  get<Name extends keyof Traits & string>(name: Name): Traits[Name];
  set<Name extends keyof Traits & string>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  /** Missing where the front end has no other models. */
  widget_manager?: { get_model?: (id: string) => Promise<unknown> };
}

/** What anywidget hands to `render`. */
export interface Surface<M = Model> {
  model: M;
  el: HTMLElement;
}

/** Traits of every view of a recording. */
export interface ViewTraits {
  lang: string;
  /** Whether it is shown large and with strong contrast, with its keys. */
  presentation: boolean;
  height: number;
  selected: number | null;
  save_outputs: boolean;
  /** Which pictures of a saved notebook are this widget's. */
  static_id: string;
}

/** Traits of what records. A model's name is `IPY_MODEL_` and its id. */
export interface RecordingTraits {
  lang: string;
  presentation: boolean;
  uid: string;
  /** Whether sound reaches the kernel while a cell runs. */
  live_while_busy: boolean;
}

export interface MicrophoneTraits extends RecordingTraits {
  report: string;
}

export interface ClipTraits extends RecordingTraits {
  uplink: string;
  recorder: string;
  can_decode: boolean;
}

export interface TranscriberTraits extends ViewTraits, RecordingTraits {
  uplink: string;
  formats: Menu;
}

/** What the kernel says of this page's sound, by a widget of its own. */
export interface Report {
  client: string;
  lost: number;
  lost_seconds: number;
  beside_cells: boolean | null;
  heard: { session?: undefined } | Heard;
  problem: { number?: undefined } | { number: number; client: string; code: ProblemCode; detail: string };
}

export interface ReportModel extends Emitter<{ change: () => void }> {
  get<Name extends keyof Report>(name: Name): Report[Name] | undefined;
}

/** ipywebrtc's models, as far as they are used here. */
export interface AudioRecorderModel {
  get(name: "stream"): CameraStreamModel;
  get(name: "audio"): AudioModel;
  set(name: "recording", value: boolean, options?: { silent: boolean }): void;
  mediaRecorder: MediaRecorder | null;
}

export interface CameraStreamModel {
  set(name: "constraints", value: MediaStreamConstraints): void;
  captureStream(): Promise<MediaStream>;
  cameraStream: Promise<MediaStream> | undefined;
}

export interface AudioModel {
  get(name: "value"): DataView;
  set(name: "value", value: DataView): void;
  once(event: "change:value", listener: () => void): void;
}

// ---- from the kernel: a run and its sound

/** A snapshot where `base` is null, else what changed since the version `base`. Utterances lack what `BLANK` says. */
export interface RunMessage {
  kind: "run";
  source: string;
  version: number;
  base: number | null;
  count: number;
  utterances: (Partial<Utterance> & { number: number })[];
  lanes?: Lane[];
  marks?: Mark[];
  info?: RunInfo;
}

export interface SoundMessage {
  kind: "sound";
  source: string;
  rate: number;
  length: number;
  growing: boolean;
  tile_bins: number;
  bin_sizes: number[];
}

/** Lowest and highest samples: int16 pairs, a buffer a part. */
export interface TilesMessage {
  kind: "tiles";
  source: string;
  length: number;
  parts: { level: number; first: number }[];
}

export interface GrowMessage {
  kind: "grow";
  source: string;
  level: number;
  first: number;
  length: number;
}

export interface PcmMessage {
  kind: "pcm";
  source: string;
  start: number;
  rate: number;
}

/** A score curve, one int8 a frame; or another threshold alone. */
export type ScoreMessage =
  | { kind: "score"; threshold: number | null; hop: number; first: number; total: number }
  | { kind: "score"; threshold: number; hop?: undefined; first?: undefined; total?: undefined };

export type WaveMessage =
  | { kind: "show"; start: number; end: number }
  | { kind: "play"; start: number; end: number | null }
  | { kind: "pause" };

/** Where in a run that is seen again views stand. `heard`: seconds of the sound that had gone out by then. */
export interface MomentMessage {
  kind: "moment";
  source: string;
  /** Of the request that is answered; 0 for what nobody asked for. */
  serial: number;
  time: number;
  duration: number;
  heard: number;
  speed: number;
  pace: number | null;
}

/** Rows from `base` on: times, way, type, first event, events, item, text, what was wrong, partner, samples. */
export interface ProtocolMessage {
  kind: "protocol";
  source: string;
  base: number;
  rows: [number, number, "in" | "out" | "local" | "wire", string, number, number, string, string, string, number, number][];
  rate: number;
  growing: boolean;
}

/** A row of a protocol in full; `code` is the Python that sends it, empty where the service sent it. */
export interface EventMessage {
  kind: "event";
  source: string;
  row: number;
  message: { type: string; [name: string]: unknown };
  /** What is known of a field beyond the documentation; "" is the event itself. */
  facts: Record<string, { text: string; grade: string }[]>;
  code: string;
}

/** n, then p50, p95 and p99 in seconds, each with the bounds of its interval. */
export type SpreadFigures = [number, number, number | null, number | null, number, number | null, number | null, number, number | null, number | null];

export type Basis = "measured" | "inferred" | "unknown";
export type PartName = "network_there" | "silence" | "detection" | "network_back" | "decoding" | "painting";

/** Name, start, seconds, basis, and of one that is not known the part that holds its time. */
export type WaitPart = [PartName, number | null, number | null, Basis, PartName | ""];

/** What the waits of a run consist of; `stated` is false where the sound was sent as fast as it was taken. */
export interface DelaysMessage {
  kind: "delays";
  source: string;
  stated: boolean;
  waits: { number: number; total: number | null; counts: boolean; parts: WaitPart[] }[];
  spread: [PartName | "total", Basis, ...SpreadFigures][];
  words: ["stable" | "settled", ...SpreadFigures][];
  revised: number | null;
  speech_ends: string;
}

/** Time, line, letters settled, letters kept of the line before, what it took back of that, whether it is the final. */
export type RevisionLine = [number, string, number, number, string, boolean];

/** Every line that was shown of an utterance. */
export interface RevisionsMessage {
  kind: "revisions";
  source: string;
  number: number;
  onset: number | null;
  lines: RevisionLine[];
}

export type ViewMessage = DelaysMessage | RevisionsMessage | MomentMessage | ProtocolMessage | EventMessage | RunMessage | SoundMessage | TilesMessage | GrowMessage | PcmMessage | ScoreMessage | WaveMessage;

// ---- from the kernel: the tuner

export interface Fit {
  error: number;
  turns: number;
  agreement: number;
  /** A silence (ms) below this has no effect; null where none is known. */
  floor: number | null;
  /** The least and the largest of each setting that the fit has seen. */
  seen: Record<SettingName, [number, number]>;
}

export interface TunerAbout {
  kind: "tuner";
  /** The clip in sight, an index in `cases`. */
  at: number;
  in_force: Settings;
  /** What is tried. */
  settings: Settings;
  cases: { name: string; duration: number }[];
  label_formats: string[];
  presets: Record<"low" | "balanced", Settings>;
  ranges: Record<SettingName, [number, number]>;
  estimate: "exact" | "calibrated" | "estimated";
  fit: Fit | null;
  service: Service | null;
  overhead: { endpoint: number; decode: number; n: number; seconds: number };
}

/** Buffers: start and end of each turn, int32. */
export interface ReferenceMessage {
  kind: "reference";
  selected: number | null;
  known: boolean;
  regions: [number, number][];
  /** Of the clip, in samples at 16 kHz. */
  length: number;
  undo: boolean;
  redo: boolean;
  texts: string[];
}

/** Buffer: float32. */
export interface ScoresMessage {
  kind: "scores";
  hop: number;
  first: number;
  total: number;
}

/** A row for each clip that has scores, and one (`case` null) for all together. */
export interface ClipRow {
  case: number | null;
  figures: Figures;
  was: Figures;
}

/** Buffers: turns (onset, start, end as int32), errors (start, end as int32), their kinds (uint8). */
export interface JudgedMessage {
  kind: "judged";
  settings: Settings;
  has_reference: boolean;
  figures: Figures;
  was: Figures;
  /** Of the request that is answered; null for what nobody asked for. */
  serial: number | null;
  code: Record<string, string>;
  table: ClipRow[] | null;
}

export interface DifferencesMessage {
  kind: "differences";
  settings: Settings;
}

export interface ExplanationMessage extends Why {
  kind: "explanation";
  /** The error explained, an index among those asked about. */
  error: number | null;
}

/** Buffers: samples of the endpoints by the settings in force and by those tried, int32. */
export interface CuesMessage {
  kind: "cues";
  rate: number;
}

/** Buffers: float32 of each cell, as in `Sweep`. */
export type SweepMessage =
  | { kind: "sweep"; state: "running"; done: number }
  | ({ kind: "sweep"; state: "done" } & Omit<Sweep, "errors" | "waits" | "cuts">);

export interface HeldOut {
  wait: number;
  cut_off_rate: number;
  errors_per_minute: number;
}

export interface Best extends HeldOut {
  settings: Settings;
  turns: number;
  calls: number;
  /** Turns whose wait is known, and those still open when their clip ended. */
  waits: number;
  censored: number;
  held_out: HeldOut | null;
  held_out_calls: number;
  /** 95 %, after selection; null with a single call. */
  intervals: Record<keyof HeldOut, [number, number]> | null;
  within: boolean | null;
  /** Where the settings lie at the edge of the grid. */
  edges: ("threshold_low" | "threshold_high" | "silence_low" | "silence_high")[];
}

export interface Agreement {
  exact: boolean;
  share: number | null;
  median: number | null;
  p90: number | null;
  expected: number;
  real: number;
}

/** What a replay has shown; `clip` is empty where there is one clip only. */
export interface Replay extends Agreement {
  clip: string;
  settings: Settings;
  engine: string;
}

export interface ReplayEndpoint {
  id: string;
  name: string;
  cloud: boolean;
  /** Of the clip in sight and of all. */
  price: { cost: number; all: number; currency: string; source: string }[];
}

export type PurposeName = "agent" | "dictation" | "captions" | "telephone";

/** What decides that a turn is over, and the pauses of the clip in sight. Buffers: see `tuner/turn_ends/view.py`. */
export interface EndsMessage {
  kind: "ends";
  detector: string;
  detectors: string[];
  policy: Policy;
  ranges: Record<"delay" | "time_out", [number, number]>;
  asking: boolean;
  problem: string;
  /** Whether a model hears one of the synthetic samples. */
  synthetic: boolean;
  purposes: Record<PurposeName, { limited: "latency" | "cut_off_rate"; limit: number }>;
  /** Samples of silence after which the model was asked. */
  instants: number[];
  /** Whether there is a reference. */
  known: boolean;
  /** Whether the pauses were given, and not read off the scores at `threshold`. */
  given: boolean;
  threshold: number;
  holds: number;
  /** Holds that are not judged: shorter or longer than the range, in seconds. */
  left_out: number;
  range: [number, number];
  /** Of the clip, in samples. */
  length: number;
  speakers: string[];
}

/** A policy and what it costs over all clips. */
export interface TunedPoint {
  policy: Policy;
  cut_off: number;
  latency: number;
  holds: number;
  ends: number;
  /** 95 % of what is not limited, after selection; null with one clip or speaker. */
  interval: [number, number] | null;
  held_out: number | null;
}

/** By detector the points that no other beats: latency in seconds and share of the holds cut off. */
export interface TradedMessage {
  kind: "traded";
  curves: Record<string, [number, number][]>;
  holds: number;
  ends: number;
  clips: number;
  chosen: { purpose: PurposeName; limit: number; point: TunedPoint | null } | null;
}

/** What the second lane hears. Buffers as of `judged`; none without settings. */
export interface SecondMessage {
  kind: "second";
  serial: number | null;
  on: boolean;
  /** Still being scored. */
  busy: boolean;
  detector: string;
  /** By name, whether it can be asked here. */
  detectors: Record<string, boolean>;
  threshold: number | null;
  condition: { noise: "none" | "pink" | "babble" | "recorded"; snr: number | null; level: number; telephone: boolean };
  name: string;
  recorded: string | null;
  ranges: Record<"snr" | "level", [number, number]>;
  settings: Settings | null;
  figures: Figures | null;
  /** Distance of the noise (dB) and errors there, from the nearest on; null until it was asked for. */
  reach: [number, number | null][] | null;
}

/** Buffer: float32. */
export interface SecondScoresMessage {
  kind: "second-scores";
  hop: number;
}

/** Of the clip in sight first, of the other speaker second. */
export interface OverlapCounts {
  seconds: number;
  share: number;
  backchannels: [number, number];
  interruptions: [number, number];
}

/** Buffers: the other's turns, where both speak, backchannels and interruptions, their kinds, whose they are. */
export interface SpeakerMessage {
  kind: "speaker";
  name: string;
  tried: OverlapCounts;
  true: OverlapCounts | null;
}

export type TunerMessage =
  | TunerAbout | ReferenceMessage | ScoresMessage | JudgedMessage | DifferencesMessage | ExplanationMessage | CuesMessage | SweepMessage
  | EndsMessage | TradedMessage
  | { kind: "tried"; serial: number }
  | { kind: "asking"; done: number; count: number }
  | { kind: "policy"; policy: Policy; serial: number | null }
  | SecondMessage | SecondScoresMessage | SpeakerMessage
  | { kind: "best"; best: Best | null }
  | { kind: "verifying"; seconds: number; total: number; which: string; clip: string; settings: Settings }
  | { kind: "verify"; endpoints: ReplayEndpoint[]; results: Replay[] }
  | { kind: "tuner-problem"; text: string }
  | { kind: "file"; name: string; mime: string };

// ---- from the kernel: the transcriber and what records

export interface StateMessage extends Kernel {
  kind: "state";
}

/** Runs of one sound compared; of no runs: nothing is any more. */
export interface ComparedMessage extends Comparison {
  kind: "compared";
  source: string;
}

/** A slice of a file the page has asked for, where the kernel has written it, or why there is none. */
export type SavedMessage =
  | { kind: "saved"; job: string; error: string }
  | { kind: "saved"; job: string; error?: undefined; where: string }
  | { kind: "saved"; job: string; error?: undefined; where?: undefined; name: string; type: string; slice: number; slices: number; size: number };

/** A file of this page: so much of it is there, or all was read. */
export type UploadMessage =
  | { kind: "taken"; client: string; upload: string; bytes: number }
  | { kind: "opened"; client: string; upload: string; bytes?: undefined };

export interface RefusedMessage {
  kind: "refused";
  client: string;
  code: ProblemCode;
  detail: string;
}

export type TranscriberMessage =
  | StateMessage | SavedMessage | UploadMessage | RefusedMessage
  | { kind: "call"; token: number }
  | ({ kind: "heard" } & Heard)
  | { kind: "begin"; view: string }
  | { kind: "halt" | "hold" | "go" };

export type ClipMessage =
  | RefusedMessage
  | { kind: "begin" | "halt" | "arrived" }
  | { kind: "failed"; code: ClipProblem; detail: string };

/** What a view of a recording, the tuner or the transcriber may hear. */
export type KernelMessage = ViewMessage | TunerMessage | TranscriberMessage | ComparedMessage;

// ---- from a page

export type ViewCommand =
  | { kind: "hello" | "bye" }
  | { kind: "tiles"; ranges: { level: number; first: number; count: number }[] }
  | { kind: "audio"; start: number; stop: number };

export type ProtocolCommand = { kind: "event"; row: number };

export type ReplayCommand =
  | { kind: "moment"; time: number; serial: number }
  | { kind: "step"; by: 1 | -1; serial: number };

export type DelaysCommand =
  | { kind: "delays"; on: boolean }
  | { kind: "revisions"; number: number };

export type EditCommand =
  | { kind: "edit"; action: "add"; start: number; end: number }
  | { kind: "edit"; action: "move"; index: number; edge: "start" | "end"; time: number }
  | { kind: "edit"; action: "delete"; index: number }
  | { kind: "edit"; action: "undo" | "redo" };

export type TunerCommand =
  | EditCommand
  | ({ kind: "try"; serial: number } & Settings)
  | { kind: "rest" | "sweep" | "cancel" | "reach" }
  | { kind: "case"; index: number }
  /** `error` is the place of its kind in `KINDS`. */
  | { kind: "explain"; index: number; start: number; end: number; error: number }
  | { kind: "hear"; on: boolean }
  | { kind: "second"; serial: number; detector: string; noise: string; snr: number; level: number; telephone: boolean; threshold: number | null }
  | { kind: "best"; max_wait: number | null; max_cut: number | null }
  | { kind: "verify"; endpoint: string; which: string; clips: string; max_cost: number | null }
  | { kind: "export"; what: string }
  | { kind: "decide"; detector: string }
  | { kind: "policy"; threshold: number | null; delay: number; time_out: number; serial: number }
  | { kind: "trade"; purpose: PurposeName | ""; limit: number | null };

export type TranscriberCommand =
  | { kind: "sample" | "transcribe" | "stop" | "pause" | "resume" | "commit" | "leave" | "hurry" | "opus" | "retry" | "fetch" }
  | { kind: "claim"; token: number }
  | { kind: "channel"; channel: number | "mean" }
  | { kind: "clips"; on: boolean }
  | { kind: "settings"; config: Partial<Config> }
  | { kind: "endpoint"; id: string; url: string; model: string }
  | { kind: "key"; key: string }
  | { kind: "part"; start: number; end: number; pace: number | null }
  | { kind: "part-save"; start: number; end: number; job: string }
  | { kind: "whole" }
  | { kind: "correct"; number: number; text: string | null }
  | { kind: "run-show" | "run-throw"; number: number }
  | { kind: "run-name"; number: number; name: string }
  | { kind: "run-pin"; number: number | null }
  | { kind: "again"; pace: number | null }
  | { kind: "replay" | "protocol"; on: boolean }
  | { kind: "painted"; number: number; took: number }
  | { kind: "save" | "save-here"; format: string; job: string }
  | { kind: "stored"; job: string }
  | { kind: "unkeep" | "left-pass" }
  | { kind: "left-open" | "left-throw"; id: string }
  | { kind: "dismiss"; id: number };

/** What a page may ask. */
export type PageCommand = ViewCommand | DelaysCommand | ReplayCommand | ProtocolCommand | TunerCommand | TranscriberCommand;

/** How a part of a view asks. */
export type Send = (command: PageCommand) => void;
