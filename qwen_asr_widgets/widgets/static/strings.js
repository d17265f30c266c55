// Every string of the user interface, in English and simplified Chinese.
//
// Keys begin with the view they belong to. `{name}` is filled in by `t(key, {name: value})`. A plural
// is not computed: write strings that need none ("utterances: 3").

const en = {
  "common.open": "Open a file…",
  "common.details": "Details",
  "common.close": "Close",

  "mic.label": "Microphone",
  "mic.record": "Record",
  "mic.stop": "Stop",
  "mic.pause": "Pause",
  "mic.resume": "Resume",
  "mic.starting": "Starting…",
  "mic.elapsed": "Recorded time",
  "mic.level": "Input level",
  "mic.device": "Input device",
  "mic.default": "Default microphone",
  "mic.sound": "Sound settings",
  "mic.echo": "Echo cancellation",
  "mic.noise": "Noise suppression",
  "mic.gain": "Automatic gain",
  "mic.processing": "Leave these off for recognition: they distort speech. A change takes effect at the next recording.",
  "mic.real": "In force: {rate} kHz, channels {channels}, echo {echo}, noise {noise}, gain {gain}",
  "mic.on": "on",
  "mic.off": "off",
  "mic.unknown": "unknown",
  "mic.clipping": "Too loud: the sound is clipped. Lower the input level or move away from the microphone.",
  "mic.silent": "Only silence arrives: is the microphone muted?",
  "mic.waits": "On this kernel the sound reaches Python when the running cell ends. Nothing is lost.",
  "mic.said.recording": "Recording",
  "mic.said.paused": "Paused",
  "mic.said.idle": "Stopped after {time}",
  "mic.file.sending": "{name}: {sent} of {size} sent",
  "mic.file.sent": "{name} sent to Python ({size})",
  "mic.kept": "The {time} recorded so far are kept.",
  "mic.again": "Try again",
  "mic.problem.insecure": "The browser does not allow the microphone on this page.",
  "mic.problem.insecure.text": "It is served over plain http from another computer. Open it over https or through localhost, or open a file instead.",
  "mic.problem.host": "There is no microphone here.",
  "mic.problem.host.text": "This program shows the notebook without access to a microphone (VS Code is one). Open the notebook in JupyterLab in a browser, or open a file instead.",
  "mic.problem.denied": "The browser was not allowed to use the microphone.",
  "mic.problem.denied.text": "Allow it with the sign beside the page's address, and in the system's privacy settings, then try again; or open a file instead.",
  "mic.problem.none": "No microphone was found.",
  "mic.problem.none.text": "Plug one in, or switch it on in the system's sound settings, then try again; or open a file instead.",
  "mic.problem.busy": "The microphone cannot be opened.",
  "mic.problem.busy.text": "Another program may be using it. Close that program and try again, or open a file instead.",
  "mic.problem.device": "The chosen microphone is not there any more.",
  "mic.problem.device.text": "Choose another one from the list and try again, or open a file instead.",
  "mic.problem.unplugged": "The microphone was unplugged.",
  "mic.problem.unplugged.text": "Plug it in again or choose another one and record on, or open a file instead.",
  "mic.problem.interrupted": "The recording was interrupted when the page was reloaded.",
  "mic.problem.interrupted.text": "What had arrived is kept in Python. Record again to go on, or open a file instead.",
  "mic.problem.othertab": "This microphone is recording in another tab or view.",
  "mic.problem.othertab.text": "Stop it there first, then try again; or open a file instead.",
  "mic.problem.worklet": "The browser could not start its audio thread.",
  "mic.problem.worklet.text": "The page may forbid it, or the browser is too old: use a current Chrome, Edge, Firefox or Safari, or open a file instead.",
  "mic.problem.kernel": "The kernel cannot be reached.",
  "mic.problem.kernel.text": "The recording was ended so that nothing is lost unseen. Reconnect or restart the kernel, run the cell again and record on.",
  "mic.problem.unknown": "The recording could not be started.",
  "mic.problem.unknown.text": "The details say what the browser reported. Try again, or open a file instead.",

  "clip.record": "Record",
  "clip.stop": "Stop",
  "clip.ready": "Records a clip of up to 10 minutes.",
  "clip.recording": "Recording {time}",
  "clip.long": "Recording {time}: stop before 10:00, longer clips cannot reach Python.",
  "clip.waiting": "Waiting for the sound…",
  "clip.done": "Recorded {time}",
  "clip.nothing": "No sound arrived: the browser has no microphone or was not allowed to use it. Allow it beside the page's address and record again, or open a file with AudioClip.load.",
  "clip.large": "The clip of {time} was too large for one message and is lost. Record less than 10 minutes, or use Microphone, which has no limit.",
};

/** @type {Record<keyof typeof en, string>} */
const zh = {
  "common.open": "打开文件…",
  "common.details": "详情",
  "common.close": "关闭",

  "mic.label": "麦克风",
  "mic.record": "录音",
  "mic.stop": "停止",
  "mic.pause": "暂停",
  "mic.resume": "继续",
  "mic.starting": "正在启动…",
  "mic.elapsed": "已录时长",
  "mic.level": "输入音量",
  "mic.device": "输入设备",
  "mic.default": "默认麦克风",
  "mic.sound": "声音设置",
  "mic.echo": "回声消除",
  "mic.noise": "降噪",
  "mic.gain": "自动增益",
  "mic.processing": "识别时请保持关闭：它们会使语音失真。更改在下次录音时生效。",
  "mic.real": "实际设置：{rate} kHz，声道 {channels}，回声消除 {echo}，降噪 {noise}，增益 {gain}",
  "mic.on": "开",
  "mic.off": "关",
  "mic.unknown": "未知",
  "mic.clipping": "声音过大，已削波。请调低输入音量或离麦克风远一些。",
  "mic.silent": "只收到静音：麦克风是否被静音了？",
  "mic.waits": "在此内核上，声音要等正在运行的单元格结束后才到达 Python。不会丢失任何内容。",
  "mic.said.recording": "正在录音",
  "mic.said.paused": "已暂停",
  "mic.said.idle": "已停止，共 {time}",
  "mic.file.sending": "{name}：已发送 {sent}，共 {size}",
  "mic.file.sent": "{name} 已发送到 Python（{size}）",
  "mic.kept": "已录的 {time} 已保留。",
  "mic.again": "重试",
  "mic.problem.insecure": "浏览器不允许此页面使用麦克风。",
  "mic.problem.insecure.text": "页面通过普通 http 从另一台计算机打开。请使用 https 或 localhost 打开，或改为打开文件。",
  "mic.problem.host": "这里没有可用的麦克风。",
  "mic.problem.host.text": "当前程序显示笔记本时不能使用麦克风（例如 VS Code）。请在浏览器的 JupyterLab 中打开笔记本，或改为打开文件。",
  "mic.problem.denied": "浏览器未获准使用麦克风。",
  "mic.problem.denied.text": "请在地址栏旁的图标和系统隐私设置中允许使用麦克风，然后重试；或改为打开文件。",
  "mic.problem.none": "未找到麦克风。",
  "mic.problem.none.text": "请接入麦克风，或在系统声音设置中启用，然后重试；或改为打开文件。",
  "mic.problem.busy": "无法打开麦克风。",
  "mic.problem.busy.text": "可能有其他程序正在使用。请关闭该程序后重试，或改为打开文件。",
  "mic.problem.device": "所选的麦克风已不存在。",
  "mic.problem.device.text": "请从列表中选择其他麦克风后重试，或改为打开文件。",
  "mic.problem.unplugged": "麦克风已被拔出。",
  "mic.problem.unplugged.text": "请重新接入或选择其他麦克风后继续录音，或改为打开文件。",
  "mic.problem.interrupted": "页面重新加载，录音中断。",
  "mic.problem.interrupted.text": "已到达 Python 的部分已保留。请重新录音以继续，或改为打开文件。",
  "mic.problem.othertab": "此麦克风正在另一个标签页或视图中录音。",
  "mic.problem.othertab.text": "请先在那里停止，然后重试；或改为打开文件。",
  "mic.problem.worklet": "浏览器无法启动音频线程。",
  "mic.problem.worklet.text": "页面可能禁止了它，或浏览器版本过旧：请使用新版 Chrome、Edge、Firefox 或 Safari，或改为打开文件。",
  "mic.problem.kernel": "无法连接内核。",
  "mic.problem.kernel.text": "录音已结束，以免内容在不知不觉中丢失。请重新连接或重启内核，重新运行单元格后继续录音。",
  "mic.problem.unknown": "无法开始录音。",
  "mic.problem.unknown.text": "详情中有浏览器报告的内容。请重试，或改为打开文件。",

  "clip.record": "录音",
  "clip.stop": "停止",
  "clip.ready": "录制不超过 10 分钟的片段。",
  "clip.recording": "正在录音 {time}",
  "clip.long": "正在录音 {time}：请在 10:00 之前停止，更长的片段无法到达 Python。",
  "clip.waiting": "正在等待声音…",
  "clip.done": "已录 {time}",
  "clip.nothing": "没有收到声音：浏览器没有麦克风或未获准使用。请在地址栏旁允许后重新录音，或用 AudioClip.load 打开文件。",
  "clip.large": "{time} 的片段超过单条消息的上限，已丢失。请录制不超过 10 分钟，或使用没有此限制的 Microphone。",
};

export const STRINGS = { en, zh };

/** @typedef {keyof typeof en} Key */
/** @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate */

/**
 * Choose a language: what the widget asks for, else the browser's, else English.
 * @param {string} asked the `lang` trait, may be empty
 * @param {readonly string[]} browser `navigator.languages`
 * @returns {"en" | "zh"}
 */
export function chooseLanguage(asked, browser) {
  const wanted = asked ? [asked] : browser;
  for (const tag of wanted) {
    const language = tag.toLowerCase().split(/[-_]/)[0];
    if (language === "zh" || language === "en") return language;
  }
  return "en";
}

/**
 * Return the function that looks strings up and fills them in.
 * @param {string} [asked] the `lang` trait, may be empty
 * @returns {Translate}
 */
export function translator(asked = "") {
  const table = STRINGS[chooseLanguage(asked, globalThis.navigator?.languages ?? [])];
  return (key, values = {}) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
