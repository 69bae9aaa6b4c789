def test_a(tiny_poems):
    from core.tasks import poems
    for kw in (dict(),dict(form='quatrain7',tones='auto',rhyme='auto',count=3),dict(model='poem-vae-2018',temperature=1.0)):
        r=poems.compose(**kw); print([p.text for p in r.poems], r.satisfied, r.timing)
