// Percent decoding that never fails, for texts where a stray `%` may stand for itself.

/** Decodes what is well formed and leaves the rest; bytes that are not UTF-8 become the replacement character. */
export function decodeLoosely(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
