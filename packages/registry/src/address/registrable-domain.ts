/**
 * Suffixes right below which anybody can register a name. This is no copy of the Public Suffix List: what is missing
 * here is never taken for a suffix, so that names below it count as strangers.
 */
const SUFFIXES: ReadonlySet<string> = new Set(
  (
    'com net org io dev app cloud info biz tech ai co me tv xyz sh gg so run build software systems online ' +
    'de ch at nl eu be dk cz fi es fr ie lu li lt sk uk ca mx is ' +
    'co.uk org.uk ac.uk gov.uk me.uk ltd.uk plc.uk com.au net.au org.au co.nz org.nz net.nz ' +
    'co.jp ne.jp or.jp ac.jp go.jp co.kr or.kr co.in org.in net.in com.br org.br net.br com.cn org.cn ' +
    'net.cn edu.cn gov.cn com.tw org.tw com.hk org.hk com.sg org.sg edu.sg com.mx org.mx co.za org.za com.tr ' +
    'org.tr com.pl org.pl net.pl edu.pl com.ua co.il org.il ac.il co.id or.id com.my com.ph co.th com.vn com.ar ' +
    // Names that nobody sells: for tests, for documentation, for networks of one's own (RFC 6761, and ICANN's choice).
    'test example internal'
  ).split(' '),
);

/** Labels that registries of countries keep for kinds of organisations. Short ones are left out: none of them counts. */
const CATEGORIES: ReadonlySet<string> = new Set(
  (
    'aeroport aland arts asso avocat avoues chambagri chirurgiens-dentistes experts-comptables firm ' +
    'geometre-expert gouv greta huissier-justice info medecin name notaires pharmacien police port presse priv ' +
    'store veterinaire'
  ).split(' '),
);

/**
 * Domains whose owner hands out names below them to others, who are strangers to one another: where sites, functions and
 * machines are rented, dynamic addresses, and registries that give each customer a host of its own.
 */
const SHARED: ReadonlySet<string> = new Set(
  // Registries and artifact stores by tenant.
  (
    'azurecr.io azurecr.cn azurecr.us jfrog.io cloudsmith.io packagecloud.io pkg.dev gcr.io ocir.io ' +
    'container-registry.com aliyuncs.com myhuaweicloud.com tencentcloudcr.com ncloud.com vultrcr.com ovh.net ' +
    'ovh.us scw.cloud digitaloceanspaces.com upcloudobjects.com vultrobjects.com yandexcloud.net ' +
    // Clouds.
    'amazonaws.com awsapprunner.com awsglobalaccelerator.com cloudfront.net elasticbeanstalk.com on.aws ' +
    'amplifyapp.com azurewebsites.net azure-api.net azurefd.net azureedge.net azurestaticapps.net ' +
    'azurecontainer.io azurecontainerapps.io azuredatabricks.net cloudapp.net windows.net trafficmanager.net ' +
    'azure.com azure.net googleapis.com googleusercontent.com appspot.com run.app web.app firebaseapp.com ' +
    'cloudfunctions.net cloud.goog oraclecloud.com oraclecloudapps.com customer-oci.com oci.com ' +
    'linode.com linodeusercontent.com linodeobjects.com vultr.com hetzner.cloud your-server.de ' +
    'digitalocean.app ondigitalocean.app scaleway.com softlayer.net bluemix.net appdomain.cloud ' +
    'rhcloud.com joyent.com kasserver.com hosteurope.de ionos.space stackit.cloud gridscale.io exoscale.com openshiftapps.com ' +
    'cloudapps.net rackcdn.com fastly.net fastly-edge.com fastlylb.net akamaized.net edgesuite.net ' +
    'akamaihd.net cdn77.org b-cdn.net backblazeb2.com wasabisys.com r2.dev workers.dev pages.dev ' +
    'cloudflare.net trycloudflare.com ' +
    // Platforms.
    'github.io githubusercontent.com githubpreview.dev github.dev gitlab.io codeberg.page bitbucket.io ' +
    'herokuapp.com herokussl.com netlify.app vercel.app vercel.dev now.sh fly.dev onrender.com railway.app ' +
    'up.railway.app deno.dev deno.net replit.app replit.dev repl.co glitch.me codesandbox.io csb.app ' +
    'stackblitz.io webcontainer.io gitpod.io cloudworkstations.dev surge.sh render.com koyeb.app zeabur.app ' +
    'northflank.app cleverapps.io platformsh.site platform.sh pantheonsite.io wpengine.com gotpantheon.com ' +
    'evennode.com jelastic.com scalingo.io appfog.net dopaas.com hasura.app supabase.co supabase.in ' +
    'convex.cloud readthedocs.io readme.io gitbook.io notion.site webflow.io wixsite.com weebly.com ' +
    'squarespace.com myshopify.com blogspot.com wordpress.com tumblr.com atlassian.net zendesk.com ' +
    'sharepoint.com okta.com auth0.com onelogin.com pingone.com my.salesforce.com force.com ' +
    'service-now.com aivencloud.com mongodb.net confluent.cloud snowflakecomputing.com grafana.net ' +
    'datadoghq.com dynatrace.com elastic-cloud.com cloud.es.io teleport.sh balena-devices.com resin.io ' +
    // Tunnels and dynamic addresses.
    'ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev loca.lt localtunnel.me serveo.net ' +
    'ts.net beta.tailscale.net lhr.life tunnelmole.net devtunnels.ms nip.io sslip.io xip.io traefik.me ' +
    'duckdns.org dyndns.org dyndns.info dynalias.com ddns.net ddns.org freeddns.org no-ip.org no-ip.com ' +
    'no-ip.biz hopto.org zapto.org sytes.net myftp.org servebeer.com afraid.org mooo.com chickenkiller.com ' +
    'strangled.net dynv6.net dedyn.io desec.io homeip.net homelinux.org homelinux.net homeunix.org ' +
    'dscloud.me diskstation.me synology.me myqnapcloud.com myfritz.net spdns.de selfhost.de selfhost.eu goip.de dnshome.de ddnss.de ' +
    'keenetic.io keenetic.link freeboxos.fr ydns.eu eu.org us.org pp.ua uk.com us.com eu.com de.com gb.net ' +
    'uk.net se.net jp.net za.com br.com cn.com ru.com sa.com jpn.com kr.com hu.com no.com gr.com co.com ' +
    'com.de com.se co.nl co.no in.net js.org is-a.dev is-a.app is-a-geek.com thingdust.io'
  ).split(' '),
);

/**
 * The domain that a host's owner registered, `example.com` for `registry.example.com`; `undefined` where that cannot be
 * told for sure. The rule is built in and errs on one side only: an ending that it does not know, and a domain that is
 * known to be rented out in parts, give `undefined`.
 *
 * @param hostname in lower case, as `URL` gives it; addresses give `undefined`
 */
export function registrableDomain(hostname: string): string | undefined {
  const labels = hostname.replace(/\.$/, '').split('.');
  for (let at = 1; at < labels.length; at++) {
    const suffix = labels.slice(at).join('.');
    if (!SUFFIXES.has(suffix)) continue;
    const domain = labels.slice(at - 1).join('.');
    return isOwned(labels, at) ? domain : undefined;
  }
  return undefined;
}

/** Whether the domain above the suffix at `at`, and what lies between it and the host, belong to one owner. */
function isOwned(labels: readonly string[], at: number): boolean {
  const [own = '', ...suffix] = labels.slice(at - 1);
  if (own === '' || labels.some((label) => label === '')) return false;
  // Countries keep short names and those of categories for themselves: co.xx, gov.xx, asso.xx.
  const [top = ''] = suffix;
  if (suffix.length === 1 && top.length === 2 && (own.length <= 3 || CATEGORIES.has(own))) return false;
  return !labels.some((_label, index) => SHARED.has(labels.slice(index).join('.')));
}
