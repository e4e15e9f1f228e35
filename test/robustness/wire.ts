import net from 'node:net';

/** One answer as it came over the socket. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** No answer of a healthy broker takes longer. */
const DEADLINE_MS = 15_000;

/**
 * Sends bytes as they are, which no HTTP client does, and gives back all that came until the other side closed. With
 * `end` our side of the connection ends after them.
 */
export function exchange(url: string, bytes: Uint8Array, { end = false } = {}): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = net.connect({ host: hostname, port: Number(port) }, () => {
      if (end) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`no end of the answer: ${text(chunks)}`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    // A reset after the answer is the broker letting go of a body it does not read.
    socket.once('error', (error) => (chunks.length === 0 ? reject(error) : resolve(Buffer.concat(chunks))));
    socket.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

const text = (chunks: readonly Buffer[]): string => JSON.stringify(Buffer.concat(chunks).toString('latin1'));

const END_OF_HEAD = '\r\n\r\n';

/** All final answers in `bytes`, in order; interim ones (100) are left out. Throws at what is no HTTP. */
export function answersIn(bytes: Buffer, method: string): readonly WireAnswer[] {
  const answers: WireAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf(END_OF_HEAD);
    if (end < 0) throw new Error(`an answer without end of head: ${text([rest])}`);
    const { status, headers } = parseHead(rest.subarray(0, end).toString('latin1'));
    rest = rest.subarray(end + END_OF_HEAD.length);
    if (status === 100) continue;
    const length = hasBody(method, status) ? Number(headers['content-length'] ?? rest.length) : 0;
    if (length > rest.length) throw new Error(`an answer of ${rest.length} bytes that promised ${length}`);
    answers.push({ status, headers, body: rest.subarray(0, length) });
    rest = rest.subarray(length);
  }
  return answers;
}

function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

function parseHead(head: string): Pick<WireAnswer, 'status' | 'headers'> {
  const [first = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
  if (status === undefined) throw new Error(`not an answer: ${JSON.stringify(first)}`);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(status), headers: Object.fromEntries(headers) };
}
