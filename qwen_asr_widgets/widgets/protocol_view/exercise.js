/**
 * The exercise under the chart: which event comes next? One button a type, whether the last choice was right, the score.
 *
 * @import { Translate } from "../shared/strings.js"
 * @import { EventRow, Prediction } from "./rows.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { choices, shortType } from "./rows.js";

/**
 * @param {HTMLElement} host @param {Translate} t @param {AbortSignal} signal
 * @param {(type: string | null) => void} chosen  null: the event is to be shown without a choice
 */
export function createExercise(host, t, signal, chosen) {
  const said = make("p", { class: "qaw-exercise-said", role: "status" });
  const score = make("span", { class: "qaw-number" });
  const question = make("p", { class: "qaw-exercise-question" }, t("protocol.next"));
  const buttons = make("div", { class: "qaw-exercise-choices", role: "group", "aria-label": t("protocol.next") });
  const pass = button(t("protocol.pass"), () => chosen(null), signal);
  host.append(said, question, buttons, make("div", { class: "qaw-line" }, pass, score));
  /** @type {Prediction | null} */
  let last = null;
  return {
    /** @param {Prediction | null} prediction @param {{row: EventRow, right: boolean | null} | null} answer */
    ask(prediction, answer) {
      host.hidden = prediction === null;
      if (!prediction) return;
      if (prediction !== last) {
        buttons.replaceChildren(...choices(prediction.rows).map((type) =>
          button(shortType(type), () => chosen(type), signal, { title: type })));
      }
      last = prediction;
      host.dataset.right = String(answer?.right ?? "");
      setText(said, answer ? answerText(answer, t) : "");
      const over = prediction.next === null;
      question.hidden = buttons.hidden = pass.hidden = over;
      setText(score, t(over ? "protocol.score.end" : "protocol.score", { right: prediction.right, asked: prediction.asked }));
    },
  };
}

/** @param {{row: EventRow, right: boolean | null}} answer @param {Translate} t */
function answerText({ row, right }, t) {
  const type = shortType(row.type);
  if (right === null) return t("protocol.was", { type });
  return t(right ? "protocol.right" : "protocol.wrong", { type });
}
