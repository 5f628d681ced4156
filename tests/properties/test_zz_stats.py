import collections
C=collections.Counter()
import tests.properties.test_promise as t, tests.properties.promise as p
orig=p.check_promise
def chk(w):
    for r in p.all_records(w):
        for l in r.lines.values(): C["line "+str(l.verdict)]+=1
        C["records"]+=1
    for a in w.scheduler.actors:
        C["actor %s %s"%(a.name,type(a.error).__name__)]+=1
    C["accepted"]+=len(w.client.accepted); 
    for b,r in w.client.refused: C["refused "+r]+=1
    C["outbox"]+=len(w.client.outbox); C["ex"]+=1; C["mkt"]+=len(w.accepted())
    orig(w)
t.check_promise=chk
def test_stats():
    t.test_every_accepted_unit_is_billed_once_or_named()
    for k,v in sorted(C.items()): print(k,v)
