// What plain TypeScript does not know of the browser's audio thread and of files joined as text.

declare module "*?text" {
  const text: string;
  export default text;
}

declare module "*?strings" {
  const locales: {
    readonly languages: readonly string[];
    /** The texts of each key, in the order of the languages. */
    readonly strings: Record<keyof typeof import("../../qwen_asr_widgets/widgets/locales/en.json") | `term.${string}`, readonly string[]>;
  };
  export default locales;
}

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
