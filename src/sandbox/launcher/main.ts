// Entry of the launcher program: `node --disable-warning=ExperimentalWarning main.ts`. The binary calls launch() itself.

import { launch } from './launch.ts';

launch();
