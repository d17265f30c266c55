"""A clip recorder on a bare page: its front end over a stand-in for ipywebrtc, with Chromium's microphone.

The stand-in does what ipywebrtc 0.6 does, its keeping of a refused stream for ever included; that the real
one works is tested in real notebooks.
"""

from __future__ import annotations

import base64
from typing import Any

OPEN = """async ({ esm, css, state, show }) => {
  const model = (values) => {
    const listeners = new Map();
    const made = {
      get: (name) => values[name],
      set(name, value, options) {
        if (values[name] === value) return;
        values[name] = value;
        if (!options?.silent) made.trigger(`change:${name}`);
      },
      on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
      off: (name, gone) => listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== gone)),
      once(name, listener) {
        const first = (...told) => { made.off(name, first); listener(...told); };
        made.on(name, first);
      },
      trigger: (name, ...told) => [...(listeners.get(name) ?? [])].forEach((listener) => listener(...told)),
      save_changes() {},
    };
    return made;
  };
  const sent = [];
  const camera = model({});
  camera.captureStream = () => {
    camera.cameraStream ??= navigator.mediaDevices.getUserMedia(camera.get('constraints'));
    return camera.cameraStream;
  };
  const audio = model({ value: new DataView(new ArrayBuffer(0)) });
  audio.save_changes = () => sent.push({ kind: 'audio', buffers: [audio.get('value').buffer] });
  const recorder = model({ stream: camera, audio, recording: false });
  recorder.on('change:recording', () => {
    if (!recorder.get('recording')) {
      recorder.mediaRecorder.onstop = async () => {
        const bytes = window.clipBytes === undefined
          ? await new Blob(recorder.chunks).arrayBuffer() : new ArrayBuffer(window.clipBytes);
        audio.set('value', new DataView(bytes));
        audio.save_changes();
      };
      recorder.mediaRecorder.stop();
      return;
    }
    if (!MediaRecorder.isTypeSupported('audio/webm')) throw new Error('audio/webm is not supported');
    recorder.chunks = [];
    camera.captureStream().then((stream) => {
      recorder.mediaRecorder = new MediaRecorder(stream, { mimeType: 'audio/webm' });
      recorder.mediaRecorder.ondataavailable = (event) => recorder.chunks.push(event.data);
      recorder.mediaRecorder.start();
    });
  });
  const uplink = model({});
  uplink.send = (content, _, buffers) => sent.push({ kind: 'uplink', content, buffers: buffers ?? [] });
  const widget = model({ ...state, uplink: 'IPY_MODEL_uplink', recorder: 'IPY_MODEL_recorder' });
  const others = window.withoutClips ? { uplink } : { uplink, recorder };
  widget.widget_manager = { get_model: async (id) => others[id] };
  const url = URL.createObjectURL(new Blob([esm], { type: 'text/javascript' }));
  const loaded = (await import(url)).default();
  URL.revokeObjectURL(url);
  await loaded.initialize({ model: widget });
  window.clips = { sent, recorder, camera, audio, model: widget };
  if (!show) return;
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  await loaded.render({ model: widget, el: document.body.appendChild(document.createElement('div')) });
}"""

TAKE = """() => (window.clips?.sent.splice(0) ?? []).map(({ kind, content, buffers }) => ({
  kind, content, buffers: buffers.map((buffer) => {
    let text = '';
    const bytes = new Uint8Array(buffer);
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return btoa(text);
  }),
}))"""

TELL = "(messages) => messages.forEach((content) => window.clips.model.trigger('msg:custom', content))"


class ClipPage:
    """Carries what a clip recorder and its front end in a page say to each other.

    Parameters
    ----------
    page : playwright Page
    recorder : ClipRecorder
        Its ``send`` is replaced.
    """

    def __init__(self, page: Any, recorder: Any) -> None:
        self.page = page
        self.recorder = recorder
        self.opened = False
        self._told: list[dict[str, Any]] = []
        recorder.send = lambda content, buffers=None: self._told.append(content)

    def open(self, show: bool = True) -> None:
        """Load the front end, with a view of its own or without."""
        widget = next(cls for cls in type(self.recorder).__mro__ if isinstance(vars(cls).get("_esm"), str))
        state = {name: getattr(self.recorder, name) for name in ("lang", "uid", "can_decode")}
        self.page.evaluate(
            OPEN, {"esm": str(widget._esm), "css": str(widget._css), "state": state, "show": show}
        )
        self.opened = True

    def serve(self) -> None:
        """Carry what is there in both directions."""
        for message in self.page.evaluate(TAKE):
            buffers = [base64.b64decode(text) for text in message["buffers"]]
            if message["kind"] == "audio":
                self.recorder.recorder.audio.set_state({"value": memoryview(buffers[0])})
            else:
                self.recorder.uplink._handle_custom_msg(message["content"], buffers)
        if self.opened and self._told:
            told, self._told = self._told, []
            self.page.evaluate(TELL, told)
