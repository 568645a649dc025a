/**
 * Whether a process of this machine runs. One that has ended and that nobody asked how (a zombie) doesn't, though a signal
 * still reaches it: where the first process reaps nobody, as in many containers, zombies stay for good.
 */
export function isRunning(pid: number): boolean;
