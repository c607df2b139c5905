const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A length of time as docker writes it: `About a minute`, `3 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / SECOND);
  const minutes = Math.floor(milliseconds / MINUTE);
  const hours = Math.round(milliseconds / HOUR);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${String(seconds)} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${String(minutes)} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${String(hours)} hours`;
  if (hours < 24 * 14) return `${String(Math.floor(hours / 24))} days`;
  if (hours < 24 * 60) return `${String(Math.floor(hours / 24 / 7))} weeks`;
  if (hours < 24 * 730) return `${String(Math.floor(hours / 24 / 30))} months`;
  return `${String(Math.floor(hours / 24 / 365))} years`;
}
