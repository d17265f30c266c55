// Says what stands on stdin in a language, by the tuner's own modules: a line of JSON each way.
import { readFileSync } from "node:fs";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { agreementSentence, whySentence } from "../../qwen_asr_widgets/widgets/tuner/why.js";

const { lang, whys, agreements } = JSON.parse(readFileSync(0, "utf8"));
const t = translator(lang);
console.log(JSON.stringify({
  whys: whys.map((why) => whySentence(why, t)), agreements: agreements.map((one) => agreementSentence(one, t)),
}));
