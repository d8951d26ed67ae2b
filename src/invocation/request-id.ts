// The id of a request and of the invocation it becomes: one text, from the first byte to the last log line.

/** What we accept from a client as `X-Request-Id`: safe in headers, logs and file names. */
const acceptable = /^[A-Za-z0-9._:-]{1,128}$/;

let counter = 0;

/** `req-<epoch ms>-<pid>-<6 digits>`; the digits count, so that ids of one millisecond differ. */
export function newRequestId(): string {
  counter = (counter + 1) % 1_000_000;
  return `req-${Date.now()}-${process.pid}-${String(counter).padStart(6, '0')}`;
}

/** The client's own id where it is a good one. */
export function requestIdFrom(inbound: string | readonly string[] | undefined): string {
  return typeof inbound === 'string' && acceptable.test(inbound) ? inbound : newRequestId();
}
