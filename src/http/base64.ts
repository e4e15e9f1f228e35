const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = '='.charCodeAt(0);
const NO_DIGIT = 64;
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (let digit = 0; digit < ALPHABET.length; digit += 1) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

/**
 * Base64 as the original's clients rely on it (Python's default mode): bytes outside the alphabet are skipped, a group
 * that padding completes ends the text. `undefined`: the last group is incomplete. Stricter decoders refuse line-wrapped
 * text and two bodies that the original's functional tests send.
 */
export function decodeBase64(text: Uint8Array): Buffer | undefined {
  const out = Buffer.allocUnsafeSlow(Math.ceil(text.length / 4) * 3);
  const state = { length: 0, position: 0, padding: 0, carry: 0 };
  for (const byte of text) {
    if (byte === PADDING) {
      if (state.position >= 2 && state.position + ++state.padding >= 4) return trimmed(out, state.length);
      continue;
    }
    const digit = DIGITS[byte] as number;
    if (digit === NO_DIGIT) continue;
    take(out, state, digit);
  }
  if (state.position === 0) return trimmed(out, state.length);
  out.fill(0);
  return undefined;
}

interface DecoderState {
  length: number;
  position: number;
  padding: number;
  carry: number;
}

function take(out: Buffer, state: DecoderState, digit: number): void {
  state.padding = 0;
  if (state.position > 0) {
    const shift = [0, 4, 2, 0][state.position] as number;
    out[state.length] = ((state.carry << (6 - shift)) | (digit >> shift)) & 0xff;
    state.length += 1;
  }
  state.carry = digit;
  state.position = (state.position + 1) % 4;
}

/** The buffer is exactly as long as the payload, so that wiping it wipes all there is. */
function trimmed(out: Buffer, length: number): Buffer {
  return out.subarray(0, length);
}
