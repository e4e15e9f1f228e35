import { runLoad, type Load } from './load.ts';

/** Runs the loads it is sent, one at a time, and answers with what it measured. */
process.on('message', (load: Load) => {
  runLoad(load).then(
    (measured) => process.send?.(measured),
    (error: unknown) => {
      throw error;
    },
  );
});
