/** Pictures of local accounts: a letter on a colour, both from the name. */

export function avatarPath(name: string): string {
  return `/avatars/${encodeURIComponent(name)}.svg`;
}

export function drawAvatar(name: string): string {
  let hue = 0;
  for (const character of name) hue = (hue * 31 + (character.codePointAt(0) ?? 0)) % 360;
  const letter = /^[a-z0-9]/i.exec(name)?.[0].toUpperCase() ?? "?";
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    `<rect width="32" height="32" fill="hsl(${hue} 55% 45%)"/>` +
    `<text x="16" y="22" text-anchor="middle" font-family="sans-serif" font-size="16" fill="#fff">${letter}</text></svg>`
  );
}
