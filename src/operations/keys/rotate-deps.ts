import type { Clock } from '../../model/timestamp.ts';
import type { KekRotationRepository } from '../../repositories/kek-rotation.ts';
import type { KekRepository } from '../../repositories/keks.ts';
import type { SealedPayloadRotationRepository } from '../../repositories/sealed-payload-rotation.ts';
import type { SealedPayloadRepository } from '../../repositories/sealed-payloads.ts';
import type { KeyRotation } from '../../stores/key-rotation.ts';
import type { ItemOutcome, Pace } from '../runs/work-through.ts';

/** What is worked on: KEKs first, then what they sealed. */
export type RotationPhase = 'keks' | 'payloads';

export interface RotateDeps {
  readonly store: { readonly name: string; readonly rotation: KeyRotation };
  readonly keks: KekRepository;
  readonly keksInRotation: KekRotationRepository;
  readonly sealedPayloads: SealedPayloadRepository;
  readonly sealedInRotation: SealedPayloadRotationRepository;
  readonly pace: Pace;
  readonly clock: Clock;
  /** After each KEK and each payload. */
  readonly onProgress: (phase: RotationPhase, outcome: ItemOutcome) => void;
  /** In an operator's words: which one, and why. */
  readonly onFailure: (what: string, error: unknown) => void;
  /** Resolves in so many milliseconds, or when the signal of `pace` is aborted. */
  readonly wait: (ms: number) => Promise<void>;
}
