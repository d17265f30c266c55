// What plain TypeScript does not know of the browser's audio thread and of files joined as text.

declare module "*?text" {
  const text: string;
  export default text;
}

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
