import { expect } from 'chai';
import { masked } from '../../src/ttlv/masked.ts';
import { requestMessage } from '../../src/ttlv/messages.ts';
import { type ManagedObject, objectItem } from '../../src/ttlv/objects.ts';
import { registerRequest } from '../../src/ttlv/requests.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { bigInteger, bytes, structure, text } from '../../src/ttlv/ttlv.ts';

const CANARY = 'canary-0123456789';
const FORMS = ['utf8', 'hex', 'base64', 'latin1'] as const;
const material = Buffer.from(CANARY);

/** Every way in which it could have slipped out. */
function expectNone(printed: string): void {
  for (const form of FORMS) expect(printed).not.to.contain(material.toString(form));
  expect(printed).not.to.contain(material.toString('hex').toUpperCase());
  expect(printed).not.to.contain(String(BigInt(`0x${material.toString('hex')}`)));
}

const OBJECTS: readonly ManagedObject[] = [
  { type: 'Symmetric Key', block: { format: 'Raw', material, algorithm: 'AES', length: 136 } },
  { type: 'Secret Data', dataType: 'Password', block: { format: 'Opaque', material } },
  { type: 'Certificate', certificateType: 'X.509', value: material },
  { type: 'Opaque Object', dataType: 0x8000_0000, value: material },
  {
    type: 'Private Key',
    block: {
      format: 'Transparent RSA Private Key',
      material: structure(TAG['Key Material'], [
        bigInteger(TAG['Private Exponent'], BigInt(`0x${material.toString('hex')}`)),
        text(TAG['Key Part Identifier'], CANARY),
      ]),
    },
  },
];

describe('a trace', () => {
  for (const object of OBJECTS) {
    it(`shows nothing of the payload of ${object.type}`, () => {
      const printed = masked(objectItem(object));
      expectNone(printed);
      expect(printed).to.contain(object.type);
    });
  }

  it('shows nothing of a credential, and what an operator looks for', () => {
    const printed = masked(
      requestMessage(
        { version: '1.4', credential: { type: 'Username and Password', username: CANARY, password: CANARY } },
        registerRequest('1.4', { object: OBJECTS[0]!, attributes: [] }),
      ),
    );
    expectNone(printed);
    expect(printed).to.contain('Operation = 0x3');
    expect(printed).to.contain('Protocol Version Minor = 4');
    expect(printed).to.contain('Key Material = [masked byteString]');
  });

  it('shows no bytes wherever they stand', () => {
    const number = bigInteger(0x541236, BigInt(`0x${material.toString('hex')}`));
    expectNone(masked(structure(0x541234, [bytes(0x541235, material), number])));
    expect(masked(structure(0x541234, []))).to.equal('tag 541234');
  });

  it('keeps a line a line, whatever a server says', () => {
    const printed = masked(text(TAG['Result Message'], 'one\nResult Status = 0x0\u001b[2J'));
    expect(printed).to.equal('Result Message = "one\\nResult Status = 0x0\\u001b[2J"');
  });
});
