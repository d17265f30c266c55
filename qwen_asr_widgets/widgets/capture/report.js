// What the kernel says of this page's sound. It comes by a widget of its own, for the kernel never writes to
// the microphone; where a front end has no other widgets, nothing is said.

/** A message sent before the front end has set up its way beside the cells would come as between them. */
const SETTLED_MS = 2000;

/** @typedef {import("./controller.js").CaptureController} CaptureController */

/**
 * @param {any} model of the microphone
 * @param {CaptureController} controller
 */
export async function followReport(model, controller) {
  const reference = String(model.get("report") ?? "").replace(/^IPY_MODEL_/, "");
  const report = reference && (await model.widget_manager?.get_model?.(reference));
  if (!report) return;
  let { number } = report.get("problem") ?? {};
  const read = () => {
    const { client } = controller.uplink;
    const chunks = report.get("client") === client ? report.get("lost") : 0;
    const besideCells = report.get("beside_cells") ?? null;
    controller.set({ besideCells, lost: chunks > 0 ? { chunks, seconds: report.get("lost_seconds") } : null });
    const problem = report.get("problem") ?? {};
    if (problem.number === number) return;
    number = problem.number;
    if (problem.client === client) controller.refused(problem.code, problem.detail);
  };
  const hello = window.setTimeout(() => controller.attempt(() => controller.uplink.tell("hello")), SETTLED_MS);
  controller.ending.signal.addEventListener("abort", () => {
    window.clearTimeout(hello);
    report.off("change", read);
  }, { once: true });
  report.on("change", read);
  read();
}
