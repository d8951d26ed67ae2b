// First argument by which the binary knows that it is to play another role than the command line. Internal: a person has
// no use for them. A file of its own because it is all that the binary's first code needs from the product.
// By the name of the role's bundle.
export const roleWords = {
  launcher: '--fastfn-launcher',
  'node-worker': '--fastfn-node-worker',
  'lua-worker': '--fastfn-lua-worker',
} as const;
