// How loud the microphone is, ten times a second, without sending anything anywhere.

const FLOOR_DB = -60;

export class Voice {
  /** @param {(level: number, peak: number) => void} show both 0–1 */
  constructor(show) {
    this.show = show;
    this.peak = 0;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  /** @param {MediaStream} stream */
  listen(stream) {
    this.stop();
    if (!stream.getAudioTracks().length) return;
    this.context = new AudioContext();
    const meter = this.context.createAnalyser();
    meter.fftSize = 1024;
    this.context.createMediaStreamSource(stream).connect(meter);
    const samples = new Float32Array(meter.fftSize);
    this.timer = setInterval(() => {
      meter.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
      const level = Math.max(0, 1 - (10 * Math.log10(power + 1e-12)) / FLOOR_DB);
      this.peak = Math.max(level, this.peak - 0.015);
      this.show(Math.min(level, 1), Math.min(this.peak, 1));
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
  }
}
