// First argument by which the binary knows that it is to play another role than the command line. Internal: a person has
// no use for them. A file of its own because it is all that the binary's first code needs from the product.
export const roleWords = { launcher: '--fastfn-launcher', nodeWorker: '--fastfn-node-worker' } as const;
